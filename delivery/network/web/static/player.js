// Plays a channel or a lesson with hls.js where the browser has Media Source Extensions, else with the browser's own HLS:
// speed, sound only, data saver, going on where one stopped, and the seconds that were really played.
"use strict";
const player = document.querySelector("[data-playlist]");
const problem = document.getElementById("player-problem");
const controls = document.querySelector(".controls");
const remembered = player.dataset.resume ? `at ${player.dataset.resume}` : "";
const find = (id) => document.getElementById(id);
let hls = null;
let address = player.dataset.playlist;

function play() {
  const at = player.currentTime;
  if (window.Hls && Hls.isSupported()) {
    hls?.destroy();
    hls = new Hls({ capLevelToPlayerSize: true, startPosition: remembered && at ? at : -1 });
    let recovered = false;
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        hls.recoverMediaError();
      } else {
        problem.hidden = false;
      }
    });
    hls.on(Hls.Events.MANIFEST_PARSED, save);
    hls.loadSource(address);
    hls.attachMedia(player);
  } else if (player.src !== new URL(address, location.href).href) {
    player.src = address;
    if (remembered) player.currentTime = at;
  }
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
  saver.checked = localStorage.getItem("saver") === "on" || navigator.connection?.saveData === true;
  saver.addEventListener("change", () => { localStorage.setItem("saver", saver.checked ? "on" : "off"); save(); });
  find("speed")?.addEventListener("change", (event) => { player.playbackRate = Number(event.target.value); });
  find("sound")?.addEventListener("change", (event) => {
    const playing = !player.paused;
    address = event.target.checked ? player.dataset.audio : player.dataset.playlist;
    play();
    if (playing) player.play();
  });
}
play();

if (remembered) {
  const before = Number(localStorage.getItem(remembered) || 0);
  player.addEventListener("loadedmetadata", () => { if (before > 5 && before < player.duration - 10 && player.currentTime < 1) player.currentTime = before; }, { once: true });
  setInterval(() => { if (!player.paused) localStorage.setItem(remembered, String(Math.floor(player.currentTime))); }, 5000);
}

// Seconds of the lesson that were played, each part of it counted once: the browser keeps the ranges.
const watched = find("watched");
if (watched) {
  const seconds = () => { let sum = 0; for (let at = 0; at < player.played.length; at++) sum += player.played.end(at) - player.played.start(at); return Math.floor(sum); };
  const counted = find("counted");
  let told = 0;
  const tell = async (ended) => {
    if (seconds() === told) return;
    told = seconds();
    const form = new FormData(watched);
    form.append("seconds", String(told));
    if (ended) form.append("ended", "1");
    if (ended && document.hidden) return void navigator.sendBeacon(watched.action, form);
    const answer = await fetch(watched.action, { method: "POST", body: form }).catch(() => null);
    if (answer?.ok) counted.textContent = counted.dataset.text.replace("{minutes}", (await answer.json()).minutes);
  };
  setInterval(() => tell(false), 60_000);
  player.addEventListener("ended", () => tell(true));
  document.addEventListener("visibilitychange", () => { if (document.hidden) tell(true); });
}
