//! The built client's files: from the program itself, or from a folder while developing.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::problem::Problem;
use super::security;
use crate::state::AppState;

/// A file that was there when the program was built.
struct EmbeddedFile {
    path: &'static str,
    identity: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

mod embedded {
    use super::EmbeddedFile;

    include!(concat!(env!("OUT_DIR"), "/client_files.rs"));
}

/// What browsers may keep without asking again: names that carry a hash of the content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What browsers ask for again each time, and get a 304 if it is the same.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The client's files.
pub struct Client {
    source: Source,
}

enum Source {
    Embedded(HashMap<&'static str, Asset>),
    Folder(PathBuf),
}

struct Asset {
    identity: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    etag: HeaderValue,
    policy: HeaderValue,
}

impl Asset {
    fn new(path: &str, identity: Bytes) -> Self {
        // Weak, since the compressed forms share it.
        let etag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&identity)));
        let inline = if has_extension(path, "html") { inline_script_hashes(&identity) } else { vec![] };
        Self {
            policy: security::page_policy(&inline),
            etag: HeaderValue::from_str(&etag).expect("base64 in quotes is visible ASCII"),
            identity,
            brotli: None,
            gzip: None,
        }
    }

    fn embedded(file: &EmbeddedFile) -> Self {
        Self {
            brotli: file.brotli.map(Bytes::from_static),
            gzip: file.gzip.map(Bytes::from_static),
            ..Self::new(file.path, Bytes::from_static(file.identity))
        }
    }
}

impl Client {
    /// The client in `dist`, or else the one that is built in.
    #[must_use]
    pub fn new(dist: Option<PathBuf>) -> Self {
        let source = match dist {
            Some(folder) => Source::Folder(folder),
            None => Source::Embedded(
                embedded::FILES.iter().map(|file| (file.path, Asset::embedded(file))).collect(),
            ),
        };
        Self { source }
    }

    /// Whether there is a client to serve at all.
    #[must_use]
    pub fn is_built(&self) -> bool {
        match &self.source {
            Source::Embedded(files) => files.contains_key("index.html"),
            Source::Folder(folder) => folder.join("index.html").is_file(),
        }
    }

    fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        match &self.source {
            Source::Embedded(files) => files.get(path).map(|asset| respond(path, asset, headers)),
            Source::Folder(folder) => {
                let bytes = fs::read(folder.join(inside(path)?)).ok()?;
                Some(respond(path, &Asset::new(path, bytes.into()), headers))
            }
        }
    }
}

/// A path that cannot leave its folder nor show a hidden file.
fn inside(path: &str) -> Option<&Path> {
    let is_plain =
        |part: &str| !part.is_empty() && !part.contains(['\\', ':', '\0']) && !part.starts_with('.');
    path.split('/').all(is_plain).then(|| Path::new(path))
}

/// Any address that is no route: a file of the client, or the page that takes it from there.
pub async fn serve(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return Problem::not_found().into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return super::method_not_allowed().await.into_response();
    }
    // A name with an extension is a file or nothing: HTML in its place would be taken for a script.
    let is_page = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let path = if is_page { "index.html" } else { path };
    if let Some(response) = state.client.answer(path, request.headers()) {
        return response;
    }
    if is_page {
        return Problem::new(StatusCode::NOT_FOUND, "no_client", "No client")
            .detail("This program was built without its client. Build it (make client) and build the server again, or give --dist.")
            .into_response();
    }
    Problem::not_found().into_response()
}

fn respond(path: &str, asset: &Asset, request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if is_hashed(path) { IMMUTABLE } else { ASK_AGAIN });
    headers.insert(header::ETAG, asset.etag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, asset.policy.clone());
    if security::matches_etag(request, &asset.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, content_type(path));
    let body = match (&asset.brotli, &asset.gzip) {
        (Some(bytes), _) if accepts(request, "br") => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
            Body::from(bytes.clone())
        }
        (_, Some(bytes)) if accepts(request, "gzip") => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Body::from(bytes.clone())
        }
        _ => Body::from(asset.identity.clone()),
    };
    *response.body_mut() = body;
    response
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let (name, quality) = offer.split_once(';').unwrap_or((offer, ""));
            name.trim().eq_ignore_ascii_case(encoding)
                && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
}

/// Whether a name carries a hash, as Trunk writes them: a dash and sixteen hexadecimal digits.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('-').skip(1).any(|part| {
        part.len() > 16
            && part.is_char_boundary(16)
            && part.as_bytes()[..16].iter().all(u8::is_ascii_hexdigit)
    })
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it.eq_ignore_ascii_case(extension))
}

fn content_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(match Path::new(path).extension().and_then(|it| it.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

/// The hashes of a page's inline scripts, as a policy names them: Trunk's loader is one.
fn inline_script_hashes(html: &[u8]) -> Vec<String> {
    let html = String::from_utf8_lossy(html);
    let mut hashes = Vec::new();
    let mut rest = &*html;
    while let Some(start) = rest.find("<script") {
        rest = &rest[start..];
        let (Some(open), Some(close)) = (rest.find('>'), rest.find("</script>")) else { break };
        let (tag, body) = (&rest[..open], rest.get(open + 1..close).unwrap_or_default());
        if !tag.contains(" src=") && !body.trim().is_empty() {
            hashes.push(format!("'sha256-{}'", STANDARD.encode(Sha256::digest(body))));
        }
        rest = &rest[close + "</script>".len()..];
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashed_name_is_told_from_a_plain_one() {
        for hashed in
            ["app-0123456789abcdef.js", "app-0123456789abcdef_bg.wasm", "css/main-0123456789abcdef.css"]
        {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in
            ["index.html", "sw.js", "icons/icon-192.png", "app-0123456789abcdef", "é-éééééééééééé.js"]
        {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn a_path_stays_in_its_folder() {
        for bad in ["", "../Cargo.toml", "a/../../b", "a//b", ".env", "a/.git/b", "c:\\x", "/etc/passwd"] {
            assert_eq!(inside(bad), None, "{bad}");
        }
        assert_eq!(inside("icons/icon.svg"), Some(Path::new("icons/icon.svg")));
    }

    #[test]
    fn only_inline_scripts_are_hashed() {
        let html = b"<script src=\"a.js\"></script><script type=\"module\">\nload();\n</script>";
        let expected = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(b"\nload();\n")));
        assert_eq!(inline_script_hashes(html), [expected]);
        assert!(inline_script_hashes(b"<script>unfinished").is_empty());
    }

    #[test]
    fn an_encoding_is_used_only_where_it_is_accepted() {
        let headers = |value: &str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
        assert!(accepts(&headers("gzip, deflate, br"), "br"));
        assert!(accepts(&headers("br;q=0.5"), "br"));
        assert!(!accepts(&headers("br;q=0, gzip"), "br"));
        assert!(!accepts(&headers("brotli"), "br"));
        assert!(!accepts(&HeaderMap::new(), "br"));
    }
}
