// Plays a channel with hls.js where the browser has Media Source Extensions, else with the browser's own HLS.
"use strict";
const player = document.querySelector("[data-playlist]");
const problem = document.getElementById("player-problem");
if (player && window.Hls && Hls.isSupported()) {
  const hls = new Hls();
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
  hls.loadSource(player.dataset.playlist);
  hls.attachMedia(player);
} else if (player) {
  player.addEventListener("error", () => { problem.hidden = false; });
}
