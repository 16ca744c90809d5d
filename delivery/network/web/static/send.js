// Photos on their way: made smaller, kept on the phone until they are received, uploaded in pieces that survive a cut
// connection (tus 1.0), read by the server at once, and handed in with the form. Without this script the form works too.

const form = document.querySelector("form[data-send]");
const tray = form.querySelector(".tray");
const list = tray.querySelector(".tiles");
const bar = tray.querySelector("progress");
const says = tray.querySelector(".says");
const pattern = tray.querySelector("template");
const dialog = form.parentElement.querySelector("dialog.crop") || form.querySelector("dialog.crop");
const place = `${form.dataset.owner} ${location.pathname}`;
const LONG_SIDE = 2200; // pixels: an A4 sheet at 190 dpi, on which its codes and small writing can be read
const QUALITY = 0.85;
const PIECE = 512 * 1024; // one photo, as a rule: each piece costs the portal a sync of its disk
const SILENCE = 30_000; // milliseconds without a byte on its way, after which a connection is given up for dead
const PATIENCE = 120_000; // milliseconds for any other answer
const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds between attempts
const TUS = { "Tus-Resumable": "1.0.0" };

const text = (name, values = {}) =>
  (tray.getAttribute(`data-text-${name}`) || "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

// --- what is kept on the phone ---------------------------------------------------------------------

const store = await new Promise((done) => {
  let asked;
  try { asked = indexedDB.open("tuxa-send", 1); } catch { return done(null); }
  asked.onupgradeneeded = () => asked.result.createObjectStore("items", { keyPath: "id" });
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => done(null);
});

function within(mode, act) {
  if (!store) return Promise.resolve(null);
  return new Promise((done) => {
    const transaction = store.transaction("items", mode);
    const asked = act(transaction.objectStore("items"));
    transaction.oncomplete = () => done(asked.result);
    transaction.onabort = transaction.onerror = () => { say("full"); done(null); };
  });
}

const keep = ({ tile, underway, ...item }) => (item.removed ? null : within("readwrite", (items) => items.put(item)));
const forget = (id) => within("readwrite", (items) => items.delete(id));
const kept = async () => ((await within("readonly", (items) => items.getAll())) || []).filter((item) => item.place === place);

// --- the photos -------------------------------------------------------------------------------------

let photos = []; // {id, place, order, name, type, blob, upload, state, note, wanted}
let sending = false;
let leaving = false;

const isPicture = (item) => item.type.startsWith("image/");

async function smaller(file) {
  if (!file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height));
    if (scale === 1 && file.type === "image/jpeg" && file.size < 900_000) return file;
    return await drawn(picture, Math.round(picture.width * scale), Math.round(picture.height * scale), (context, w, h) =>
      context.drawImage(picture, 0, 0, w, h));
  } catch {
    return file; // the server judges it
  }
}

async function drawn(_picture, width, height, draw) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  draw(canvas.getContext("2d"), width, height);
  return await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}

async function add(files) {
  for (const file of files) {
    if (photos.length >= Number(form.dataset.most)) { sayNow("most"); break; }
    const order = photos.reduce((most, item) => Math.max(most, item.order), 0) + 1;
    const item = { id: newId(), place, order, name: file.name, type: file.type, blob: null, upload: "", state: "shrinking", note: "" };
    photos.push(item);
    show();
    await renew(item, file);
  }
}

const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function renew(item, file) {
  if (item.upload) discard(item.upload);
  // What is on its way is of another picture from now on.
  const turned = (item.turned = (item.turned || 0) + 1);
  Object.assign(item, { blob: null, state: "shrinking" });
  const blob = await smaller(file);
  if (item.turned !== turned) return;
  item.blob = blob;
  item.type = item.blob.type || file.type;
  const fits = item.blob.size > 0 && item.blob.size <= Number(form.dataset.bytes);
  Object.assign(item, { upload: "", state: fits ? "ready" : "bad", note: fits ? "" : text(item.blob.size ? "large" : "empty"), page: 0, offset: 0 });
  await keep(item);
  show();
  paint(item);
  work();
}

function discard(address) {
  fetch(address, { method: "DELETE", headers: TUS }).catch(() => {}); // it expires by itself
}

async function turn(item) {
  const picture = await createImageBitmap(item.blob);
  const turned = await drawn(picture, picture.height, picture.width, (context, w) => {
    context.translate(w, 0);
    context.rotate(Math.PI / 2);
    context.drawImage(picture, 0, 0);
  });
  await renew(item, turned);
}

async function crop(item) {
  const picture = await createImageBitmap(item.blob);
  const canvas = dialog.querySelector("canvas");
  const sides = [...dialog.querySelectorAll("input")];
  const part = () => Object.fromEntries(sides.map((side) => [side.dataset.side, Number(side.value) / 100]));
  const preview = () => {
    canvas.width = 300;
    canvas.height = Math.round((300 * picture.height) / picture.width);
    const context = canvas.getContext("2d");
    const { left, right, top, bottom } = part();
    const [w, h] = [canvas.width, canvas.height];
    context.drawImage(picture, 0, 0, w, h);
    context.fillStyle = "rgba(0,0,0,.6)";
    context.fillRect(0, 0, w, top * h);
    context.fillRect(0, h - bottom * h, w, bottom * h);
    context.fillRect(0, top * h, left * w, h - (top + bottom) * h);
    context.fillRect(w - right * w, top * h, right * w, h - (top + bottom) * h);
  };
  for (const side of sides) { side.value = 0; side.oninput = preview; }
  preview();
  dialog.showModal();
  const choice = await new Promise((done) => {
    dialog.onclose = () => done("cancel");
    for (const button of dialog.querySelectorAll("button")) button.onclick = () => { done(button.dataset.do); dialog.close(); };
  });
  if (choice !== "keep") return;
  const { left, right, top, bottom } = part();
  const [x, y] = [left * picture.width, top * picture.height];
  const [w, h] = [Math.round(picture.width * (1 - left - right)), Math.round(picture.height * (1 - top - bottom))];
  await renew(item, await drawn(picture, w, h, (context) => context.drawImage(picture, x, y, w, h, 0, 0, w, h)));
}

function retake(item) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "image/jpeg,image/png";
  input.setAttribute("capture", "environment");
  input.onchange = () => input.files[0] && renew(item, input.files[0]);
  input.click();
}

function move(item, by) {
  const other = photos[photos.indexOf(item) + by];
  if (!other) return;
  [item.order, other.order] = [other.order, item.order];
  keep(item);
  keep(other);
  show();
}

function remove(item) {
  photos = photos.filter((other) => other !== item);
  item.removed = true;
  item.turned = (item.turned || 0) + 1;
  if (item.upload) discard(item.upload);
  forget(item.id);
  item.tile?.remove();
  show();
}

const acts = { turn, crop, retake, remove, up: (item) => move(item, -1), down: (item) => move(item, 1) };

// --- what is shown ----------------------------------------------------------------------------------

function show() {
  photos.sort((a, b) => a.order - b.order);
  tray.hidden = photos.length === 0;
  photos.forEach((item, at) => {
    if (!item.tile) {
      item.tile = pattern.content.firstElementChild.cloneNode(true);
      item.tile.querySelector(".tools").onclick = (event) => acts[event.target.dataset.do]?.(item);
      for (const name of isPicture(item) ? [] : ["turn", "crop"]) item.tile.querySelector(`[data-do=${name}]`).remove();
    }
    if (list.children[at] !== item.tile) list.insertBefore(item.tile, list.children[at] || null);
    const title = text("number", { number: at + 1 });
    item.tile.querySelector("canvas").setAttribute("aria-label", title);
    item.tile.querySelector(".title").textContent = isPicture(item) ? title : item.name;
    for (const button of item.tile.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent} – ${title}`);
    state(item);
  });
}

function state(item) {
  const there = (item.offset || 0) + (item.underway || 0);
  const percent = item.blob ? Math.min(100, Math.floor((100 * there) / item.blob.size)) : 0;
  const line = item.tile?.querySelector(".state");
  if (!line) return;
  line.textContent = item.note || text(item.state, { percent });
  item.tile.classList.toggle("bad", item.state === "bad");
  item.tile.classList.toggle("good", item.state === "uploaded");
  const total = photos.reduce((sum, each) => sum + (each.blob?.size || 0), 0);
  const sent = photos.reduce((sum, each) => sum + (each.state === "uploaded" ? each.blob?.size || 0 : (each.offset || 0) + (each.underway || 0)), 0);
  bar.hidden = total === 0;
  bar.value = total ? sent / total : 0;
}

async function paint(item) {
  if (!item.tile || !isPicture(item)) return;
  try {
    const picture = await createImageBitmap(item.blob);
    const canvas = item.tile.querySelector("canvas");
    const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
    const [w, h] = [picture.width * scale, picture.height * scale];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
  } catch { /* shown without a preview */ }
}

// What must not be overlooked stays until something else is chosen or sent.
let lasting = "";
function say(name, values) { says.textContent = [lasting, name ? text(name, values) : ""].filter(Boolean).join(" "); }
function sayNow(name) { lasting = name ? text(name) : ""; say(""); }

// --- on the way -------------------------------------------------------------------------------------

const signedOut = (answer) => answer.redirected || answer.status === 401;
const gone = (answer) => answer.status === 404 || answer.status === 410;

class SignedOut extends Error {}

class Away extends Error {
  constructor(said) { super(); this.said = said; }
}

// An answer that never comes is no answer; the server itself waits a minute for whoever reads photos.
const patience = () => (AbortSignal.timeout ? { signal: AbortSignal.timeout(PATIENCE) } : {});

async function ask(address, options) {
  let answer;
  try { answer = await fetch(address, { ...options, ...patience(), credentials: "same-origin" }); } catch { throw new Away("waiting"); }
  return judged(answer);
}

async function told(answer) {
  try { return await answer.json(); } catch { throw new Away("later"); }
}

function judged(answer) {
  if (answer.status >= 500 || answer.status === 429 || answer.status === 423) throw new Away("later");
  if (signedOut(answer)) { say("signin"); throw new SignedOut(); }
  return answer;
}

// Of the ways to send, only this one tells how far it is.
async function append(item, piece, headers) {
  const address = item.upload;
  const line = new XMLHttpRequest();
  let silent = 0;
  const heard = (event) => {
    clearTimeout(silent);
    silent = setTimeout(() => line.abort(), SILENCE);
    if (event) { item.underway = event.loaded; state(item); }
  };
  try {
    await new Promise((done, failed) => {
      line.open("PATCH", address);
      for (const [name, value] of Object.entries(headers)) line.setRequestHeader(name, value);
      line.upload.onprogress = heard;
      line.onload = done;
      line.onerror = line.onabort = () => failed(new Away("waiting"));
      heard();
      line.send(piece);
    });
  } finally {
    clearTimeout(silent);
    item.underway = 0;
  }
  return judged({ status: line.status, redirected: !line.responseURL.endsWith(address), offset: Number(line.getResponseHeader("Upload-Offset")) });
}

async function upload(item) {
  const turned = item.turned;
  if (!item.upload) {
    const made = await ask("/uploads", { method: "POST", headers: { ...TUS, "Upload-Length": String(item.blob.size), "Upload-Metadata": `purpose ${btoa("work")}` } });
    if (item.turned !== turned) return made.status === 201 && discard(made.headers.get("Location"));
    if (made.status !== 201) return refused(item, made);
    item.upload = made.headers.get("Location");
    item.offset = 0;
    await keep(item);
  } else {
    const known = await ask(item.upload, { method: "HEAD", headers: TUS });
    if (item.turned !== turned) return;
    if (gone(known)) { item.upload = ""; return upload(item); }
    item.offset = Number(known.headers.get("Upload-Offset"));
  }
  if (item.turned !== turned) return;
  item.state = "uploading";
  while (item.turned === turned && item.offset < item.blob.size) {
    state(item);
    const piece = item.blob.slice(item.offset, item.offset + PIECE);
    const headers = { ...TUS, "Upload-Offset": String(item.offset), "Content-Type": "application/offset+octet-stream" };
    const answer = await append(item, piece, headers);
    if (item.turned !== turned) return;
    if (gone(answer)) { item.upload = ""; return upload(item); }
    if (answer.status === 409) { item.offset = Number((await ask(item.upload, { method: "HEAD", headers: TUS })).headers.get("Upload-Offset")); continue; }
    if (answer.status !== 204) return refused(item, answer);
    item.offset = answer.offset;
  }
  if (item.turned !== turned) return;
  if (form.dataset.send === "sheet") {
    item.state = "reading";
    state(item);
    const reading = await told(await ask(`${item.upload}/reading`, { headers: { accept: "application/json" } }));
    if (item.turned !== turned) return;
    const pages = reading.pages || [reading]; // none: it was handed in before
    item.note = pages.map((page) => page.problem || page.text).join(" · ");
    item.page = pages.length === 1 ? pages[0].page : 0;
    const failed = pages.length > 0 && pages.every((page) => page.problem && !page.held);
    item.state = failed ? "bad" : "uploaded";
  } else {
    item.state = "uploaded";
  }
  await keep(item);
  state(item);
}

function refused(item, answer) {
  item.state = "bad";
  item.note = text(answer.status === 413 ? "large" : "refused");
  state(item);
}

let working = false;
let attempt = 0;
let timer = 0;

async function work() {
  if (working) return;
  working = true;
  clearTimeout(timer);
  try {
    for (let item; (item = photos.find((each) => each.blob && !["uploaded", "bad"].includes(each.state))); ) await upload(item);
    attempt = 0;
    if (!sending) say("");
    if (sending) await handIn();
  } catch (error) {
    if (!(error instanceof SignedOut)) {
      say(error.said || "later");
      timer = setTimeout(work, 1000 * PAUSES[Math.min(attempt++, PAUSES.length - 1)]);
    }
  } finally {
    working = false;
  }
}

// The page was opened before signing in anew: its form's token is another one now. Whose page it is must be the same.
async function renewForm() {
  const page = new DOMParser().parseFromString(await (await ask(location.href, {})).text(), "text/html");
  const fresh = page.querySelector("form[data-send]");
  if (!fresh || fresh.dataset.owner !== form.dataset.owner) return false;
  form.querySelector("[name=csrf]").value = fresh.querySelector("[name=csrf]").value;
  return true;
}

async function handIn(again = false) {
  if (photos.some((item) => item.state === "bad")) { want(false); return say("retake"); }
  if (!photos.length || photos.some((item) => item.state !== "uploaded")) return;
  say("sending");
  const body = new FormData();
  body.append("csrf", form.querySelector("[name=csrf]").value);
  for (const item of photos) body.append("upload", item.upload.split("/").pop());
  const typed = form.querySelector("textarea");
  if (typed) body.append("text", typed.value);
  const answer = await ask(form.action || location.href, { method: "POST", body, headers: { accept: "application/json" } });
  if (answer.status === 403 && !again && (await renewForm())) return handIn(true);
  const said = await answer.json().catch(() => ({}));
  if (said.receipt) {
    leaving = true;
    await Promise.all(photos.map((item) => forget(item.id)));
    location.href = said.receipt;
    return;
  }
  want(false);
  says.textContent = [said.problem, ...(said.again || []).map((item) => `${item.number}: ${item.reason}`)].filter(Boolean).join(" ") || text(answer.status === 403 ? "signin" : "refused");
  for (const { number, reason } of said.again || []) {
    if (photos[number - 1]) Object.assign(photos[number - 1], { state: "bad", note: reason, upload: "" });
  }
  show();
}

function want(yes) {
  sending = yes;
  for (const item of photos) { item.wanted = yes; keep(item); }
}

form.addEventListener("submit", (event) => {
  if (!photos.length) return; // a typed text or nothing: the plain form
  event.preventDefault();
  sayNow("");
  want(true);
  say("sending");
  work();
});
for (const input of form.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => { const files = [...input.files]; input.value = ""; sayNow(""); add(files); });
}
addEventListener("online", () => { attempt = 0; work(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !leaving) { attempt = 0; work(); } });

// What was left on this phone goes on.
photos = (await kept()).map((item) => ({ ...item, state: item.state === "bad" ? "bad" : item.blob ? "ready" : "bad" }));
show();
photos.forEach(paint);
sending = photos.some((item) => item.wanted);
form.dataset.ready = "yes";
if (photos.length) work();
