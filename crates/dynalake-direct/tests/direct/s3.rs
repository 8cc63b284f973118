//! An S3 on loopback: it takes signed PUTs, keeps their objects in memory, and fails as it is told
//! to.
//!
//! What it checks of a request is written from AWS' description
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>), not from what
//! the function signs with.

use crate::percent::decoded;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The bucket that is there.
pub(crate) const BUCKET: &str = "lake";
pub(crate) const REGION: &str = "eu-central-1";
/// The access key that it knows, with its secret and its token.
pub(crate) const ACCESS_KEY: &str = "ASIAKNOWN";
pub(crate) const SECRET: &str = "SecretThatNobodySees";
pub(crate) const TOKEN: &str = "TokenThatNobodySees/+=";

/// What a request comes to instead of a plain answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error with this status, code and message.
    Error(u16, &'static str, &'static str),
    /// A redirect with this status, to another region.
    Redirect(u16),
    /// The connection ends before the body is read.
    ResetBeforeBody,
    /// The body is read, the object is not stored, and the connection ends.
    ResetAfterBody,
    /// The object is stored, and the connection ends before it is said.
    ResetStored,
    /// The object is stored and answered, and the connection ends, as one that was idle does.
    CloseAfter,
    /// The object is stored, and the answer ends in its head.
    CutHead,
    /// The object is stored, and the answer ends in its body.
    CutBody,
    /// Nothing is stored, and nothing said; the connection stays.
    Stall,
    /// The object is stored, and nothing said.
    StallStored,
}

/// All faults that pass.
pub(crate) const PASSING: [Fault; 9] = [
    Fault::Error(503, "SlowDown", "slow"),
    Fault::Error(500, "InternalError", "try again"),
    Fault::Error(400, "RequestTimeout", "idle"),
    Fault::ResetBeforeBody,
    Fault::ResetAfterBody,
    Fault::ResetStored,
    Fault::CutHead,
    Fault::CutBody,
    Fault::Error(502, "", ""),
];

type Chooser = Box<dyn FnMut(&str) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    chooser: Option<Chooser>,
    /// The keys of all requests, answered or not.
    seen: Vec<String>,
    /// What no client should send.
    unexpected: BTreeSet<String>,
    /// Keys that were overwritten with other bytes.
    changed: BTreeSet<String>,
    connections: usize,
}

/// A running server; it ends with the test's process.
pub(crate) struct S3 {
    port: u16,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl S3 {
    pub(crate) fn start() -> S3 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("the listener has an address").port();
        let shared = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let server = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&server);
                lock(&shared.0).connections += 1;
                // A connection that ends early is what clients do when they are killed.
                thread::spawn(move || serve(&connection, port, &shared));
            }
        });
        S3 { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on each request fails as this says of its key.
    pub(crate) fn fails_by(&self, chooser: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        lock(&self.shared.0).chooser = Some(Box::new(chooser));
    }

    /// The next `times` requests for keys that contain `part` fail.
    pub(crate) fn fails(&self, part: &'static str, times: usize, fault: Fault) {
        let mut left = times;
        self.fails_by(move |key| {
            let fails = left > 0 && key.contains(part);
            left -= usize::from(fails);
            fails.then_some(fault)
        });
    }

    /// No request fails any more.
    pub(crate) fn heals(&self) {
        lock(&self.shared.0).chooser = None;
    }

    /// The objects, by their keys; what is wrong with any request is told.
    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let state = lock(&self.shared.0);
        assert!(state.unexpected.is_empty(), "{:#?}", state.unexpected);
        state.objects.clone()
    }

    /// Keys that had other bytes once.
    pub(crate) fn changed(&self) -> BTreeSet<String> {
        lock(&self.shared.0).changed.clone()
    }

    /// The keys of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        lock(&self.shared.0).seen.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        lock(&self.shared.0).connections
    }

    /// Waits until there were this many requests; false if the time ran out first.
    pub(crate) fn wait_for(&self, requests: usize, time: Duration) -> bool {
        let (mutex, changed) = &*self.shared;
        let mut state = lock(mutex);
        let deadline = Instant::now() + time;
        while state.seen.len() < requests {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Head {
    method: String,
    path: String,
    /// Names in lower case, in the order of the request.
    headers: Vec<(String, String)>,
}

impl Head {
    fn read(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Some(Head { method, path, headers }))
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }
}

fn serve(connection: &TcpStream, port: u16, shared: &(Mutex<State>, Condvar)) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    while let Some(head) = Head::read(&mut reader)? {
        let key = decoded(head.path.strip_prefix(&format!("/{BUCKET}/")).unwrap_or_default());
        let fault = {
            let mut state = lock(&shared.0);
            state.seen.push(key.clone());
            shared.1.notify_all();
            state.chooser.as_mut().and_then(|chooser| chooser(&key))
        };
        let mut writer = connection;
        if fault == Some(Fault::ResetBeforeBody) {
            return connection.shutdown(Shutdown::Both);
        }
        let mut body = vec![0; head.header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        match fault {
            Some(Fault::ResetAfterBody) => return connection.shutdown(Shutdown::Both),
            Some(Fault::Stall) => return stall(&mut reader),
            Some(Fault::Error(status, code, message)) => {
                let body = error(code, message);
                let length = body.len();
                write!(writer, "HTTP/1.1 {status} it\r\ncontent-length: {length}\r\n\r\n{body}")?;
                continue;
            }
            Some(Fault::Redirect(status)) => {
                let is_temporary = status == 307;
                let code = if is_temporary { "TemporaryRedirect" } else { "PermanentRedirect" };
                let body = error(code, "elsewhere");
                write!(
                    writer,
                    "HTTP/1.1 {status} it\r\nx-amz-bucket-region: us-west-2\r\n\
                     location: http://127.0.0.1:{port}/{BUCKET}/elsewhere\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                )?;
                continue;
            }
            _ => {}
        }
        if let Err(problem) = check(&head, &body, port) {
            lock(&shared.0).unexpected.insert(format!("{problem}: {} {}", head.method, head.path));
            let body = error("SignatureDoesNotMatch", "no");
            let length = body.len();
            write!(writer, "HTTP/1.1 403 it\r\ncontent-length: {length}\r\n\r\n{body}")?;
            continue;
        }
        {
            let mut state = lock(&shared.0);
            let is_other = state.objects.get(&key).is_some_and(|there| *there != body);
            if is_other {
                state.changed.insert(key.clone());
            }
            state.objects.insert(key, body);
            shared.1.notify_all();
        }
        let ok = "HTTP/1.1 200 OK\r\netag: \"x\"\r\n";
        match fault {
            Some(Fault::ResetStored) => return connection.shutdown(Shutdown::Both),
            Some(Fault::StallStored) => return stall(&mut reader),
            Some(Fault::CutHead) => {
                writer.write_all(&ok.as_bytes()[..20])?;
                return connection.shutdown(Shutdown::Both);
            }
            Some(Fault::CutBody) => {
                write!(writer, "{ok}content-length: 100\r\n\r\nonly this")?;
                return connection.shutdown(Shutdown::Both);
            }
            Some(Fault::CloseAfter) => {
                write!(writer, "{ok}content-length: 0\r\n\r\n")?;
                return connection.shutdown(Shutdown::Both);
            }
            _ => write!(writer, "{ok}content-length: 0\r\n\r\n")?,
        }
    }
    Ok(())
}

/// Says nothing until the client ends the connection.
fn stall(reader: &mut impl Read) -> io::Result<()> {
    reader.read_to_end(&mut Vec::new()).map(drop)
}

/// An error as S3 writes it, with what must not be repeated.
fn error(code: &str, message: &str) -> String {
    if code.is_empty() {
        return "<html>bad gateway</html>".to_owned();
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}\
         </Message><Token-0>{TOKEN}</Token-0><StringToSign>{SECRET}</StringToSign></Error>"
    )
}

// ---- the signature

/// What is wrong with a request, if anything is.
fn check(head: &Head, body: &[u8], port: u16) -> Result<(), String> {
    if head.method != "PUT" {
        return Err("only PUT is needed".into());
    }
    if head.path.contains('?') {
        return Err("something of the signature is in the address".into());
    }
    let hash = head.header("x-amz-content-sha256");
    if hash != hex(&Sha256::digest(body)) {
        return Err(format!("the body's hash is not {hash}"));
    }
    if head.header("x-amz-security-token") != TOKEN {
        return Err("the session token is not there".into());
    }
    if head.header("host") != format!("127.0.0.1:{port}") {
        return Err("another host".into());
    }
    let authorization = head.header("authorization");
    let (algorithm, fields) = authorization.split_once(' ').unwrap_or_default();
    let field = |name: &str| {
        let mut fields = fields.split(',').map(str::trim);
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let date = head.header("x-amz-date");
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{REGION}/s3/aws4_request");
    if algorithm != "AWS4-HMAC-SHA256" || field("Credential") != format!("{ACCESS_KEY}/{scope}") {
        return Err("another credential or scope".into());
    }
    if seconds(date).abs_diff(now()) > 900 {
        return Err(format!("the date is {date}"));
    }
    let signed: Vec<&str> = field("SignedHeaders").split(';').collect();
    for needed in ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"] {
        if !signed.contains(&needed) {
            return Err(format!("{needed} is not signed"));
        }
    }
    if !signed.is_sorted() {
        return Err("the signed headers are not sorted".into());
    }
    let mut canonical = format!("PUT\n{}\n\n", encoded(&decoded(&head.path)));
    for name in &signed {
        let _ = writeln!(canonical, "{name}:{}", head.header(name));
    }
    let _ = write!(canonical, "\n{}\n{hash}", signed.join(";"));
    let hashed = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for text in [day, REGION, "s3", "aws4_request"] {
        key = hmac(&key, text.as_bytes());
    }
    if field("Signature") != hex(&hmac(&key, to_sign.as_bytes())) {
        return Err("the signature is another".into());
    }
    Ok(())
}

/// A path as it is signed.
fn encoded(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(byte.into());
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// HMAC by RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |byte: u8| block.map(|of_key| of_key ^ byte);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The seconds since 1970 of `20260131T235959Z`; 0 of anything else.
fn seconds(date: &str) -> u64 {
    let number =
        |at: std::ops::Range<usize>| date.get(at).and_then(|text| text.parse::<u64>().ok());
    let parts = [0..4, 4..6, 6..8, 9..11, 11..13, 13..15].map(number);
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else {
        return 0;
    };
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let february = 28 + u64::from(is_leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum::<u64>()
        + months[..(month as usize - 1).min(11)].iter().sum::<u64>()
        + day
        - 1;
    ((days * 24 + hour) * 60 + minute) * 60 + second
}

/// The example of AWS' page on signing.
#[test]
fn a_signature_is_what_aws_computes() {
    let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec();
    for text in ["20130524", "us-east-1", "s3", "aws4_request"] {
        key = hmac(&key, text.as_bytes());
    }
    let to_sign = "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n\
                   9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d";
    assert_eq!(
        hex(&hmac(&key, to_sign.as_bytes())),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
    assert_eq!(seconds("20240711T235822Z"), 1_720_742_302);
}
