// Reads codes with jsQR, as a page in a browser would: standard input holds one JSON line for each picture,
// {"width", "height", "grey": base64 of one byte a pixel}; for each, its text goes out as one JSON line.
const jsQR = require("jsqr");
const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { width, height, grey } = JSON.parse(line);
  const shades = Buffer.from(grey, "base64");
  const pixels = new Uint8ClampedArray(4 * shades.length);
  shades.forEach((shade, at) => pixels.set([shade, shade, shade, 255], 4 * at));
  const found = jsQR(pixels, width, height);
  console.log(JSON.stringify(found ? found.data : ""));
});
