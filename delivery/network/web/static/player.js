// Plays a channel, a recording or a lesson with hls.js where the browser has Media Source Extensions, else with the
// browser's own HLS: speed, sound only, data saver, going on where one stopped, and the seconds that were really played.
// Nothing is loaded before somebody presses play.
"use strict";
const player = document.querySelector("[data-playlist]");
const problem = document.getElementById("player-problem");
const controls = document.querySelector(".controls");
const remembered = player.dataset.resume ? `at ${player.dataset.resume}` : "";
const RETRY_MS = 5000;
const find = (id) => document.getElementById(id);
let hls = null;
let address = player.dataset.playlist;
let started = false;

// Where to begin: where one stopped, or at a channel's now.
const kept = Number((remembered && localStorage.getItem(remembered)) || 0);
let from = kept > 5 ? kept : -1;

function open() {
  if (window.Hls && Hls.isSupported()) {
    hls?.destroy();
    hls = new Hls({ autoStartLoad: false, capLevelToPlayerSize: true });
    let recovered = false;
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        note();
        hls.recoverMediaError();
        return;
      }
      problem.hidden = false;
      if (data.type === Hls.ErrorTypes.NETWORK_ERROR) setTimeout(again, RETRY_MS, hls);
    });
    hls.on(Hls.Events.FRAG_BUFFERED, () => { problem.hidden = true; });
    hls.on(Hls.Events.MANIFEST_LOADED, (_event, data) => {
      // hls.js leaves the rung without a picture out of those that it chooses from.
      const sound = data.levels.length > 1 && data.levels.find((level) => !level.attrs.RESOLUTION);
      if (sound && find("sound")) {
        player.dataset.audio = player.dataset.audio || sound.url;
        find("sound").closest("label").hidden = false;
      }
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => { save(); if (started) hls.startLoad(from); });
    hls.loadSource(address);
    hls.attachMedia(player);
  } else if (player.src !== new URL(address, location.href).href) {
    player.src = address;
  }
}

// The connection broke for longer than hls.js tries by itself.
function again(of) {
  if (of !== hls) return;
  if (hls.levels.length) hls.startLoad();
  else hls.loadSource(address);
}

player.addEventListener("play", () => {
  if (started) return;
  started = true;
  if (hls?.levels.length) hls.startLoad(from);
});
if (remembered) {
  player.addEventListener("loadedmetadata", () => {
    // A lesson that was seen to its end begins anew.
    if (from > player.duration - 10) player.currentTime = 0;
    else if (!hls && from > 0) player.currentTime = from;
  });
  const keep = () => { if (player.currentTime > 0) localStorage.setItem(remembered, String(Math.floor(player.currentTime))); };
  setInterval(() => { if (!player.paused) keep(); }, 5000);
  player.addEventListener("pause", keep);
  addEventListener("pagehide", keep);
}

// Data saver: the smallest rung that has a picture.
function save() {
  if (!hls) return;
  const smallest = hls.levels.reduce((best, level, at) => (level.height && (best < 0 || level.bitrate < hls.levels[best].bitrate) ? at : best), -1);
  hls.autoLevelCapping = find("saver")?.checked ? Math.max(0, smallest) : -1;
}

player.addEventListener("error", () => { if (!hls) problem.hidden = false; });
if (controls) {
  controls.hidden = false;
  const saver = find("saver");
  if (saver) {
    saver.checked = localStorage.getItem("saver") === "on" || navigator.connection?.saveData === true;
    saver.addEventListener("change", () => { localStorage.setItem("saver", saver.checked ? "on" : "off"); save(); });
  }
  find("speed")?.addEventListener("change", (event) => {
    // The default outlives a change of source.
    player.defaultPlaybackRate = player.playbackRate = Number(event.target.value);
  });
  find("sound")?.addEventListener("change", (event) => {
    const playing = !player.paused;
    note();
    from = remembered && started ? player.currentTime : -1;
    address = event.target.checked ? player.dataset.audio : player.dataset.playlist;
    open();
    if (playing) player.play();
  });
}

// Parts of the recording that were played, each counted once. A change of source empties the browser's own list.
let parts = [];
function note() {
  for (let at = 0; at < player.played.length; at++) parts.push([player.played.start(at), player.played.end(at)]);
  parts.sort((one, other) => one[0] - other[0]);
  parts = parts.reduce((whole, [start, end]) => {
    const last = whole[whole.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else whole.push([start, end]);
    return whole;
  }, []);
}
open();

// Without hls.js, which a portal may lack: a browser that knows no HLS either is told so at once, not when one presses
// play; and the rung is then the browser's own choice.
if (!hls) {
  const saver = find("saver");
  if (saver) saver.closest("label").hidden = true;
  if (!player.canPlayType("application/vnd.apple.mpegurl")) {
    problem.textContent = problem.dataset.unable;
    problem.hidden = false;
  }
}

const watched = find("watched");
if (watched) {
  const seconds = () => { note(); return Math.floor(parts.reduce((sum, [start, end]) => sum + end - start, 0)); };
  const counted = find("counted");
  let told = 0;
  let toldAll = true;
  const tell = async (all) => {
    const now = seconds();
    if (now <= told && (toldAll || !all)) return;
    const form = new FormData(watched);
    form.append("seconds", String(now));
    if (all) form.append("ended", "1");
    if (document.hidden) {
      if (navigator.sendBeacon(watched.action, form)) [told, toldAll] = [now, all];
      return;
    }
    const answer = await fetch(watched.action, { method: "POST", body: form }).catch(() => null);
    if (!answer) return; // told next time
    if (answer.redirected || answer.status === 403) { counted.textContent = counted.dataset.old; return; }
    if (!answer.ok) return;
    [told, toldAll] = [now, all];
    counted.textContent = counted.dataset.text.replace("{minutes}", (await answer.json()).minutes);
  };
  setInterval(() => tell(false), 60_000);
  player.addEventListener("ended", () => tell(true));
  document.addEventListener("visibilitychange", () => { if (document.hidden) tell(true); });
}
