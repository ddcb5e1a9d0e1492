// The service worker: keeps the application's files, so that it starts without a network. Content never
// passes through here: /api and /sync go to the network untouched.

const FILES = /* PRECACHE */ [];
const BUILD = /* BUILD */ "";

const PREFIX = "loopbaanmaat-";
const CACHE = PREFIX + BUILD;
const NEVER_CACHED = ["/api/", "/sync", "/health/"];

// No skipWaiting here: a new version waits until the person takes it, after everything is saved.
self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      // "no-cache" asks the server whether a copy is still good: nothing old is taken for new.
      await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache", credentials: "same-origin" })));
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data && event.data.type === "SKIP_WAITING") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (NEVER_CACHED.some((path) => url.pathname === path || url.pathname.startsWith(path))) return;
  event.respondWith(request.mode === "navigate" ? page(request, url) : asset(request));
});

// Every address of the application is the same page; it finds its way by itself. A file that was asked for by
// its name (the manifest, opened in a tab) is that file.
async function page(request, url) {
  const cache = await caches.open(CACHE);
  const file = url.pathname === "/" ? undefined : await cache.match(url.pathname);
  if (file) return file;
  return (await cache.match("/")) ?? fetch(request);
}

async function asset(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: false });
  if (kept) return kept;
  const missing = () => new Response("", { status: 404, statusText: "Not Found" });
  try {
    const answer = await fetch(request);
    // A page in the place of a script or an image would only break later, and less clearly.
    const isPage = (answer.headers.get("content-type") ?? "").startsWith("text/html");
    return isPage ? missing() : answer;
  } catch {
    return missing();
  }
}
