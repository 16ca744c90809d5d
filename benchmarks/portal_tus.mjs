// Uploads a file with tus-js-client: node portal_tus.mjs ENDPOINT COOKIE FILE. Prints the upload's address.
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, cookie, file] = process.argv.slice(2);
const upload = new Upload(createReadStream(file), {
  endpoint,
  headers: { Cookie: cookie },
  chunkSize: 8_000_000,
  uploadSize: statSync(file).size,
  retryDelays: [0, 50, 100, 200, 400, 800, 1600, 3200],
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => { console.log(upload.url); process.exit(0); },
});
upload.start();
