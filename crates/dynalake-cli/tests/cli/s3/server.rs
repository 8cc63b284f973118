//! An S3 that keeps objects in memory, speaks as much of its API as the command line does, and
//! fails as it is told to. It also gives credentials: as a container's endpoint, as STS, as IAM
//! Identity Center.

use super::percent::decoded;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The bucket that is there.
pub(super) const BUCKET: &str = "lake";
/// The access key that it knows, with its secret.
pub(super) const ACCESS_KEY: &str = "AKIAKNOWN";
pub(super) const SECRET: &str = "SecretThatNobodySees";
/// The session token that goes with it, where one is used.
pub(super) const TOKEN: &str = "TokenThatNobodySees";
/// A page of a list has no more keys.
const PAGE: usize = 3;

/// What a request comes to instead of an answer.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// An error with this status, code and message.
    Error(u16, &'static str, &'static str),
    /// 301 without a place to go to, and the right region in a header.
    OtherRegion(&'static str),
    /// The connection ends, and nothing is done.
    ResetBefore,
    /// It is done, and the connection ends before it is said.
    ResetAfter,
    /// The answer's body ends early.
    CutOff,
    /// The answer's body stops in the middle, and the connection stays.
    Stall,
    /// The error comes behind the status 200.
    LateError,
}

struct Planned {
    request: String,
    times: usize,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    bytes: Vec<u8>,
    mark: Option<String>,
}

#[derive(Clone)]
struct Upload {
    key: String,
    parts: BTreeMap<usize, Vec<u8>>,
    mark: Option<String>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
    hidden: Vec<String>,
    denies_absent: bool,
    faults: Vec<Planned>,
    requests: Vec<String>,
}

/// A running server; it ends with the test's process.
pub(super) struct S3 {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl S3 {
    pub(super) fn start() -> S3 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&connection, &state));
            }
        });
        S3 { port, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn put(&self, key: &str, bytes: impl AsRef<[u8]>) {
        let object = Object { bytes: bytes.as_ref().to_vec(), mark: None };
        self.state.lock().unwrap().objects.insert(key.to_owned(), object);
    }

    /// Lists leave this key out.
    pub(super) fn hides(&self, key: &str) {
        self.state.lock().unwrap().hidden.push(key.to_owned());
    }

    /// An absent object is denied, as to those whose right to list has a condition on the prefix.
    pub(super) fn denies_absent(&self) {
        self.state.lock().unwrap().denies_absent = true;
    }

    /// Requests that contain `request`, as `GET /lake/key?query range`, fail so many times.
    pub(super) fn fails(&self, request: &str, times: usize, fault: Fault) {
        let request = request.to_owned();
        self.state.lock().unwrap().faults.push(Planned { request, times, fault });
    }

    /// Nothing fails from now on.
    pub(super) fn heals(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// The objects under a prefix, by their names there.
    pub(super) fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let state = self.state.lock().unwrap();
        let under = state.objects.iter().filter_map(|(key, object)| {
            Some((key.strip_prefix(prefix)?.to_owned(), object.bytes.clone()))
        });
        under.collect()
    }

    /// Uploads that are neither completed nor aborted.
    pub(super) fn open_uploads(&self) -> usize {
        self.state.lock().unwrap().uploads.len()
    }

    /// How many requests contained this.
    pub(super) fn count(&self, request: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|line| line.contains(request)).count()
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decoded(path);
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = query.map(|(name, value)| (decoded(name), decoded(&value.replace('+', " "))));
        let query = query.collect();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Request { method, path, query, headers, body })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn line(&self) -> String {
        let query: Vec<_> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let range = self.header("range").unwrap_or_default();
        format!("{} {}?{} {range}", self.method, self.path, query.join("&"))
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn ok(body: impl Into<Vec<u8>>) -> Answer {
        Answer { status: 200, headers: Vec::new(), body: body.into() }
    }

    fn error(status: u16, code: &str, message: &str) -> Answer {
        // As S3 does, with what must not be repeated.
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}\
             </Message><Token-0>{TOKEN}</Token-0><StringToSign>{SECRET}</StringToSign></Error>"
        );
        Answer { status, headers: Vec::new(), body: body.into_bytes() }
    }
}

fn serve(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection);
    while let Some(request) = Request::read(&mut reader) {
        let line = request.line();
        let fault = {
            let mut state = state.lock().unwrap();
            state.requests.push(line.clone());
            let mut planned = state.faults.iter_mut();
            planned.find(|planned| planned.times > 0 && line.contains(&planned.request)).map(
                |planned| {
                    planned.times -= 1;
                    planned.fault.clone()
                },
            )
        };
        let answer = match &fault {
            Some(Fault::Error(status, code, message)) => Answer::error(*status, code, message),
            Some(Fault::OtherRegion(region)) => Answer {
                headers: vec![("x-amz-bucket-region", (*region).to_owned())],
                ..Answer::error(301, "PermanentRedirect", "go elsewhere")
            },
            Some(Fault::LateError) => {
                Answer { status: 200, ..Answer::error(200, "InternalError", "try again") }
            }
            Some(Fault::ResetBefore) => {
                let _ = connection.shutdown(Shutdown::Both);
                return;
            }
            _ => answer(&request, &mut state.lock().unwrap()),
        };
        if matches!(fault, Some(Fault::ResetAfter)) {
            let _ = connection.shutdown(Shutdown::Both);
            return;
        }
        let mut head = format!("HTTP/1.1 {} it\r\n", answer.status);
        let mut has_length = false;
        for (name, value) in &answer.headers {
            has_length |= *name == "content-length";
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !has_length {
            let _ = write!(head, "content-length: {}\r\n", answer.body.len());
        }
        head += "\r\n";
        let body = if request.method == "HEAD" { &[][..] } else { &answer.body };
        let (sent, ends) = match fault {
            Some(Fault::CutOff | Fault::Stall) => (&body[..body.len() / 2], true),
            _ => (body, false),
        };
        let mut connection = connection;
        if connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(sent)).is_err()
        {
            return;
        }
        if matches!(fault, Some(Fault::Stall)) {
            std::thread::sleep(Duration::from_secs(60));
        }
        if ends {
            let _ = connection.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn answer(request: &Request, state: &mut State) -> Answer {
    if let Some(answer) = credentials(request) {
        return answer;
    }
    let authorization = request.header("authorization").unwrap_or_default();
    if !authorization.contains(&format!("Credential={ACCESS_KEY}/")) {
        return Answer::error(403, "InvalidAccessKeyId", "unknown");
    }
    if request.header("x-amz-security-token").is_some_and(|token| token != TOKEN) {
        return Answer::error(400, "InvalidToken", "unknown");
    }
    let path = request.path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket != BUCKET {
        return Answer::error(404, "NoSuchBucket", "it does not exist");
    }
    let query = |name: &str| request.query.get(name);
    match request.method.as_str() {
        "GET" if key.is_empty() => list(request, state),
        "GET" | "HEAD" => get(request, state, key),
        "PUT" if query("uploadId").is_some() => {
            let Some(Upload { parts, .. }) = state.uploads.get_mut(&request.query["uploadId"])
            else {
                return Answer::error(404, "NoSuchUpload", "gone");
            };
            parts.insert(request.query["partNumber"].parse().unwrap(), request.body.clone());
            let e_tag = format!("\"part{}\"", request.query["partNumber"]);
            Answer { headers: vec![("etag", e_tag)], ..Answer::ok("") }
        }
        "PUT" => create(request, state, key, request.body.clone(), mark(request)),
        "POST" if query("uploads").is_some() => {
            let id = format!("upload-{}", state.requests.len());
            let upload =
                Upload { key: key.to_owned(), parts: BTreeMap::new(), mark: mark(request) };
            state.uploads.insert(id.clone(), upload);
            Answer::ok(format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId>\
                 </InitiateMultipartUploadResult>"
            ))
        }
        "POST" => {
            let id = &request.query["uploadId"];
            let Some(Upload { key, parts, mark }) = state.uploads.get(id).cloned() else {
                return Answer::error(404, "NoSuchUpload", "gone");
            };
            let small = parts.values().rev().skip(1).any(|part| part.len() < 5 << 20);
            if small {
                return Answer::error(400, "EntityTooSmall", "parts have 5 MiB or more");
            }
            let bytes = parts.into_values().collect::<Vec<_>>().concat();
            let made = create(request, state, &key, bytes, mark);
            if made.status != 200 {
                return made;
            }
            state.uploads.remove(id);
            Answer::ok(
                "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag>\
                 </CompleteMultipartUploadResult>",
            )
        }
        "DELETE" => {
            state.uploads.remove(&request.query["uploadId"]);
            Answer { status: 204, ..Answer::ok("") }
        }
        _ => Answer::error(501, "NotImplemented", "no"),
    }
}

fn mark(request: &Request) -> Option<String> {
    request.header("x-amz-meta-dynalake-write").map(str::to_owned)
}

fn create(
    request: &Request,
    state: &mut State,
    key: &str,
    bytes: Vec<u8>,
    mark: Option<String>,
) -> Answer {
    if request.header("if-none-match") == Some("*") && state.objects.contains_key(key) {
        return Answer::error(412, "PreconditionFailed", "it is there");
    }
    state.objects.insert(key.to_owned(), Object { bytes, mark });
    Answer { headers: vec![("etag", "\"whole\"".to_owned())], ..Answer::ok("") }
}

fn get(request: &Request, state: &State, key: &str) -> Answer {
    let Some(Object { bytes, mark }) = state.objects.get(key) else {
        if state.denies_absent {
            return Answer::error(403, "AccessDenied", "not you");
        }
        return Answer::error(404, "NoSuchKey", "it does not exist");
    };
    let e_tag = format!(
        "\"{}\"",
        bytes
            .iter()
            .fold(7_u64, |sum, byte| { sum.wrapping_mul(31).wrapping_add(u64::from(*byte)) })
    );
    if request.header("if-match").is_some_and(|wanted| wanted != e_tag) {
        return Answer::error(412, "PreconditionFailed", "it is another");
    }
    let mut headers = vec![("etag", e_tag)];
    headers.extend(mark.clone().map(|mark| ("x-amz-meta-dynalake-write", mark)));
    if request.method == "HEAD" {
        headers.push(("content-length", bytes.len().to_string()));
        return Answer { headers, ..Answer::ok("") };
    }
    let Some(range) = request.header("range").and_then(|range| range.strip_prefix("bytes=")) else {
        return Answer { headers, ..Answer::ok(bytes.clone()) };
    };
    let (start, end) = range.split_once('-').unwrap();
    let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
    if start >= bytes.len() {
        return Answer::error(416, "InvalidRange", "there is no such range");
    }
    let end = end.min(bytes.len() - 1);
    headers.push(("content-range", format!("bytes {start}-{end}/{}", bytes.len())));
    Answer { status: 206, headers, body: bytes[start..=end].to_vec() }
}

fn list(request: &Request, state: &State) -> Answer {
    let prefix = request.query.get("prefix").map_or("", String::as_str);
    let after = request.query.get("continuation-token").map_or("", String::as_str);
    let max = request.query.get("max-keys").map_or(PAGE, |max| max.parse().unwrap());
    let mut found = state
        .objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
        .filter(|(key, _)| !state.hidden.contains(key));
    let mut xml = String::from("<ListBucketResult>");
    let mut last = String::new();
    for (key, object) in found.by_ref().take(max) {
        let escaped = key.replace('&', "&amp;").replace('<', "&lt;");
        let size = object.bytes.len();
        let _ = write!(
            xml,
            "<Contents><Key>{escaped}</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified>\
             <ETag>\"e\"</ETag><Size>{size}</Size></Contents>"
        );
        last.clone_from(key);
    }
    if found.next().is_some() {
        let _ = write!(xml, "<NextContinuationToken>{last}</NextContinuationToken>");
    }
    Answer::ok(xml + "</ListBucketResult>")
}

/// What those answer that give credentials.
fn credentials(request: &Request) -> Option<Answer> {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let expires = "2099-01-31T12:00:00Z";
    match request.path.as_str() {
        "/container" if request.header("authorization") == Some("pod") => {
            Some(Answer::ok(format!(
                "{{\"AccessKeyId\": \"{ACCESS_KEY}\", \"SecretAccessKey\": \"{SECRET}\", \
             \"Token\": \"{TOKEN}\", \"Expiration\": \"{expires}\"}}"
            )))
        }
        "/container" => Some(Answer::error(401, "Unauthorized", "who is it?")),
        "/federation/credentials"
            if request.header("x-amz-sso_bearer_token") == Some("bearer")
                && request.query["role_name"] == "Reader"
                && request.query["account_id"] == "123456789012" =>
        {
            Some(Answer::ok(format!(
                "{{\"roleCredentials\": {{\"accessKeyId\": \"{ACCESS_KEY}\", \"secretAccessKey\": \
                 \"{SECRET}\", \"sessionToken\": \"{TOKEN}\", \"expiration\": 4073587200000}}}}"
            )))
        }
        "/" if request.method == "POST" => {
            let action = ["AssumeRoleWithWebIdentity", "AssumeRole"]
                .into_iter()
                .find(|action| body.contains(&format!("Action={action}")))?;
            let is_known = match action {
                "AssumeRole" => request.header("authorization").is_some_and(|text| {
                    text.contains("Credential=AKIASOURCE/") && text.contains("/sts/")
                }),
                _ => body.contains("WebIdentityToken=jwt"),
            };
            if !is_known
                || !body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader")
            {
                return Some(Answer::error(403, "AccessDenied", "not you"));
            }
            Some(Answer::ok(format!(
                "<{action}Response><{action}Result><Credentials><AccessKeyId>{ACCESS_KEY}\
                 </AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}\
                 </SessionToken><Expiration>{expires}</Expiration></Credentials></{action}Result>\
                 </{action}Response>"
            )))
        }
        _ => None,
    }
}
