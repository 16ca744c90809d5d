// Reads [name, playlist] pairs as JSON, one array, and answers with what hls-parser makes of each of them.
const HLS = require("hls-parser");
HLS.setOptions({ strictMode: true });
const read = JSON.parse(require("fs").readFileSync(0, "utf8"));
const told = read.map(([name, text]) => {
  try {
    const list = HLS.parse(text);
    return list.isMasterPlaylist
      ? { name, master: true, variants: list.variants.map((v) => [v.uri, v.bandwidth, v.subtitles.length]) }
      : {
          name, master: false, first: list.mediaSequenceBase, target: list.targetDuration, end: list.endlist,
          segments: list.segments.map((s) => [s.uri, s.duration, s.discontinuity]),
        };
  } catch (error) {
    return { name, error: String(error) };
  }
});
process.stdout.write(JSON.stringify(told));
