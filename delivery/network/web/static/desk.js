// The marking desk by keyboard, and remarks pinned where one clicks.

const marking = document.querySelector(".marking");
const keys = document.getElementById("keys");
keys.closest("label").hidden = false;
keys.checked = localStorage.getItem("desk-keys") !== "off";
keys.addEventListener("change", () => localStorage.setItem("desk-keys", keys.checked ? "on" : "off"));

const go = (rel) => document.querySelector(`a[rel=${rel}]`)?.click();
const acts = {
  j: () => go("next"),
  k: () => go("prev"),
  m: () => document.getElementById("score").select(),
  c: () => document.getElementById("comment").focus(),
};

addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && marking.contains(event.target)) {
    event.preventDefault();
    return marking.requestSubmit(marking.querySelector("[value=next]"));
  }
  if (event.key === "Escape") return document.activeElement?.blur();
  if (!keys.checked || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const act = acts[event.key.toLowerCase()] || (/^[1-9]$/.test(event.key) && (() => document.getElementById(`k${event.key}`)?.select()));
  if (act) { event.preventDefault(); act(); }
});

// Points of all criteria make the mark, as the server would.
const criteria = [...marking.querySelectorAll("[data-points]")];
const value = (input) => Number(input.value.trim().replace(",", ".") || NaN);
for (const input of criteria) {
  input.addEventListener("input", () => {
    const most = criteria.reduce((sum, each) => sum + Number(each.dataset.points), 0);
    const got = criteria.reduce((sum, each) => sum + value(each), 0);
    if (!Number.isNaN(got)) document.getElementById("score").value = String(Math.round((got * 1000) / most) / 100);
  });
}

for (const pin of document.querySelectorAll(".pin")) {
  pin.style.left = `${pin.dataset.x / 10}%`;
  pin.style.top = `${pin.dataset.y / 10}%`;
  pin.hidden = false;
}
for (const leaf of document.querySelectorAll(".leaf")) {
  leaf.querySelector("img").addEventListener("click", (event) => {
    const form = leaf.querySelector("form.remark");
    const box = event.target.getBoundingClientRect();
    form.elements.x.value = Math.round((1000 * (event.clientX - box.left)) / box.width);
    form.elements.y.value = Math.round((1000 * (event.clientY - box.top)) / box.height);
    leaf.querySelector("details").open = true;
    form.elements.text.focus();
  });
}
