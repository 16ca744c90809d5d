// Follows the console: asks what is shown, and waits for the answer until something else is.
"use strict";

const picture = document.getElementById("picture");
const title = document.getElementById("title");
const status = document.querySelector("[role=status]");

function tell(isLost) {
  document.body.classList.toggle("lost", isLost);
  status.textContent = isLost ? `▲ ${status.dataset.lost}` : "";
}

async function follow() {
  let number = -1;
  for (;;) {
    try {
      const answer = await fetch(`/state?after=${number}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const [now, has, ...rest] = (await answer.text()).split("\n");
      tell(false);
      if (Number(now) !== number) {
        number = Number(now);
        title.textContent = rest.join(" ") || "tuxa";
        document.title = title.textContent;
        picture.hidden = has !== "1";
        picture.alt = title.textContent;
        if (has === "1") picture.src = `/picture?${number}`;
        window.scrollTo(0, 0);
      }
    } catch {
      // The console has ended, or the line over which its port comes.
      tell(true);
      await new Promise((again) => setTimeout(again, 2000));
    }
  }
}

picture.addEventListener("click", () => document.body.classList.toggle("whole"));
follow();
