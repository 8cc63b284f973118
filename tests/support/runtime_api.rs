//! Lambda's Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) on loopback, and the
//! real function run against it.
//!
//! Knows HTTP/1.1 as far as a runtime speaks it, and nothing of what a function does.

use std::collections::VecDeque;
use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long anything may take. Nothing waits for it unless a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much time a function has for an invocation, unless said otherwise.
const TIME: Duration = Duration::from_secs(60);

/// The function whose tests these are, as cargo has built it.
const PROGRAM: Option<&str> = match option_env!("CARGO_BIN_EXE_bootstrap") {
    Some(program) => Some(program),
    None => option_env!("CARGO_BIN_EXE_direct"),
};

/// A program to be tested in its place, such as that of a package.
const OTHER_PROGRAM: &str = "DYNALAKE_FUNCTION";

/// What runs it, with arguments, such as an emulator of its architecture.
const RUNNER: &str = "DYNALAKE_RUNNER";

const RUNTIME: &str = "/2018-06-01/runtime/";

/// What the runtime posted.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// What it is about.
    pub(crate) kind: Kind,
    /// `Lambda-Runtime-Invocation-Id`, where it came along.
    pub(crate) invocation_id: Option<String>,
    /// `Lambda-Runtime-Function-Error-Type`, where it came along.
    pub(crate) error_type: Option<String>,
    /// All of the body.
    pub(crate) body: Vec<u8>,
}

/// Where the runtime posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `/invocation/ID/response`
    Response {
        /// The request id in the path.
        request_id: String,
    },
    /// `/invocation/ID/error`
    Error {
        /// The request id in the path.
        request_id: String,
    },
    /// `/init/error`
    InitError,
}

impl Post {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }
}

/// What a poll brings: one event.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    /// `Lambda-Runtime-Aws-Request-Id`
    pub(crate) request_id: String,
    /// `Lambda-Runtime-Invocation-Id`; most Lambdas see none.
    pub(crate) invocation_id: Option<String>,
    /// The body.
    pub(crate) event: Vec<u8>,
    /// What the runtime's answer is answered with, in place of 202.
    pub(crate) status: Option<&'static str>,
    /// How much time there is from the poll to the deadline.
    pub(crate) time: Duration,
}

impl Next {
    /// An event, with nothing unusual about it.
    pub(crate) fn new(request_id: impl Into<String>, event: impl Into<Vec<u8>>) -> Next {
        Next {
            request_id: request_id.into(),
            event: event.into(),
            invocation_id: None,
            status: None,
            time: TIME,
        }
    }
}

/// A command that runs the function, with no environment.
pub(crate) fn command() -> Command {
    let program = env::var_os(OTHER_PROGRAM)
        .unwrap_or_else(|| PROGRAM.expect("cargo builds it before its tests").into());
    let runner = runner();
    let mut words = runner.split_whitespace();
    let mut command = match words.next() {
        None => Command::new(program),
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(program);
            command
        }
    };
    command.env_clear();
    command
}

fn runner() -> String {
    env::var(RUNNER).unwrap_or_default()
}

/// Whether a runner makes the function slower than it is.
#[allow(dead_code)] // Not all tests that share this need it.
pub(crate) fn is_emulated() -> bool {
    !runner().is_empty()
}

/// A process's output.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// All of standard output.
    pub(crate) stdout: String,
    /// All of standard error.
    pub(crate) stderr: String,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// A running function; killed when it is dropped.
pub(crate) struct Function {
    child: Child,
    api: Arc<Api>,
    address: SocketAddr,
    started: Instant,
    invocations: usize,
}

impl Function {
    /// Starts the function as Lambda does, with these settings and no other environment.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Function {
        let mut command = command();
        command.envs(settings.iter().copied());
        Function::start_command(command)
    }

    /// Starts a command with what Lambda adds to its environment.
    pub(crate) fn start_command(mut command: Command) -> Function {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener has an address");
        let api = Arc::new(Api::default());
        let server = Arc::clone(&api);
        thread::spawn(move || server.listen(&listener));
        command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "dynalake-test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().expect("the function starts");
        api.collect(child.stdout.take(), |state| &mut state.stdout);
        api.collect(child.stderr.take(), |state| &mut state.stderr);
        Function { child, api, address, started, invocations: 0 }
    }

    /// How long it took from before the process was started to its first poll.
    pub(crate) fn until_first_poll(&self) -> Duration {
        let first = self.api.wait(
            "the first poll",
            |state| state.polls.first().copied(),
            State::unless_ended,
        );
        first.duration_since(self.started)
    }

    /// Has an event handled, and returns what came back.
    pub(crate) fn invoke(&mut self, event: impl Into<Vec<u8>>) -> Post {
        self.invocations += 1;
        let request_id = format!("00000000-0000-4000-8000-{:012}", self.invocations);
        self.invoke_as(Next::new(request_id, event))
    }

    /// Has an event handled, and returns what came back for it.
    pub(crate) fn invoke_as(&mut self, next: Next) -> Post {
        self.queue(next);
        self.answer()
    }

    /// Has an event wait until it is asked for.
    pub(crate) fn queue(&mut self, next: Next) {
        self.api.lock().queue.push_back(next);
        self.api.changed.notify_all();
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> Post {
        self.api.wait("an answer", |state| state.posts.pop_front(), State::unless_ended)
    }

    /// The most memory that the process has held so far, in KiB; `None` on systems other than
    /// Linux, and under a runner, whose memory it would be.
    pub(crate) fn peak_resident_kib(&self) -> Option<u64> {
        if is_emulated() {
            return None;
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok();
        let line = |status: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.trim().strip_suffix(" kB")?.trim().parse().ok()
        };
        let peak = status.as_deref().and_then(line);
        assert!(peak.is_some() || !cfg!(target_os = "linux"), "Linux tells VmHWM: {status:?}");
        peak
    }

    /// Waits until the process has done all and asks for more, ends it, and returns its output.
    pub(crate) fn stop(mut self) -> Output {
        let is_idle = |state: &mut State| (state.idle && state.queue.is_empty()).then_some(());
        self.api.wait("a poll at the end", is_idle, State::unless_ended);
        self.end();
        self.output()
    }

    /// Waits until the process ends by itself, without asking for an event. Returns its exit
    /// status, what it posted and what it wrote.
    pub(crate) fn exit(mut self) -> (ExitStatus, Vec<Post>, Output) {
        let has_ended = |state: &mut State| state.ended().then_some(());
        let in_vain = |state: &State| state.idle.then_some("and it waits for an event");
        self.api.wait("the end of the process", has_ended, in_vain);
        let status = self.child.wait().expect("the process can be waited for");
        let posts = std::mem::take(&mut self.api.lock().posts).into();
        (status, posts, self.output())
    }

    fn output(&self) -> Output {
        let has_ended = |state: &mut State| state.ended().then(|| state.output());
        let output = self.api.wait("the end of the output", has_ended, |_| None);
        let unexpected = std::mem::take(&mut self.api.lock().unexpected);
        assert!(
            unexpected.is_empty(),
            "no runtime asks Lambda for this: {unexpected:#?}\n{output}"
        );
        output
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.end();
        self.api.lock().closed = true;
        self.api.changed.notify_all();
        // So that the listener sees it.
        let _ = TcpStream::connect(self.address);
    }
}

/// What the test, the server and the readers of the output share.
#[derive(Default)]
struct Api {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Next>,
    /// The invocation that was handed out last, until it is answered.
    running: Option<(String, Option<&'static str>)>,
    /// Whether a poll is waiting.
    idle: bool,
    polls: Vec<Instant>,
    posts: VecDeque<Post>,
    unexpected: Vec<String>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    outputs_ended: usize,
    closed: bool,
}

impl State {
    /// Whether the process has closed both its outputs: it has ended.
    fn ended(&self) -> bool {
        self.outputs_ended == 2
    }

    /// Why it is in vain to wait for a process that has ended.
    fn unless_ended(&self) -> Option<&'static str> {
        self.ended().then_some("before the process ended")
    }

    fn output(&self) -> Output {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Output { stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }
}

impl Api {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `find` finds something; panics when that is `in_vain`, or takes too long.
    fn wait<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&mut State) -> Option<T>,
        in_vain: impl Fn(&State) -> Option<&'static str>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let late = left.is_zero().then_some("in time");
            if let Some(why) = in_vain(&state).or(late) {
                let (output, unexpected) = (state.output(), std::mem::take(&mut state.unexpected));
                drop(state);
                panic!(
                    "{what} does not come {why}; unexpected requests: {unexpected:#?}\n{output}"
                );
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Keeps what a pipe brings.
    fn collect(
        self: &Arc<Self>,
        pipe: Option<impl Read + Send + 'static>,
        into: fn(&mut State) -> &mut Vec<u8>,
    ) {
        let api = Arc::clone(self);
        let mut pipe = pipe.expect("the process has pipes");
        thread::spawn(move || {
            let mut buffer = [0; 1 << 14];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                into(&mut api.lock()).extend_from_slice(&buffer[..length]);
            }
            api.lock().outputs_ended += 1;
            api.changed.notify_all();
        });
    }

    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.lock().closed {
                return;
            }
            let Ok(stream) = stream else { continue };
            let api = Arc::clone(&self);
            thread::spawn(move || {
                if let Err(error) = api.serve(stream)
                    && error.kind() == io::ErrorKind::InvalidData
                {
                    api.lock().unexpected.push(error.to_string());
                    api.changed.notify_all();
                }
            });
        }
    }

    /// Answers the requests of one connection until it closes.
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut writer = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = Request::read(&mut reader)? {
            self.route(request, &mut writer)?;
        }
        Ok(())
    }

    fn route(&self, request: Request, writer: &mut impl Write) -> io::Result<()> {
        let path = request.path.strip_prefix(RUNTIME).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let kind = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["invocation", "next"]) => return self.hand_out(writer),
            ("POST", ["init", "error"]) => Some(Kind::InitError),
            ("POST", &["invocation", id, "response"]) => {
                Some(Kind::Response { request_id: id.to_owned() })
            }
            ("POST", &["invocation", id, "error"]) => {
                Some(Kind::Error { request_id: id.to_owned() })
            }
            _ => None,
        };
        let mut state = self.lock();
        let status = match &kind {
            Some(Kind::InitError) => Some("202 Accepted"),
            Some(Kind::Response { request_id } | Kind::Error { request_id }) => {
                // Each is answered once, and only what was handed out.
                let running = state.running.take_if(|(id, _)| id == request_id);
                running.map(|(_, status)| status.unwrap_or("202 Accepted"))
            }
            None => None,
        };
        if let (Some(kind), Some(_)) = (kind, status) {
            state.posts.push_back(Post {
                kind,
                invocation_id: request.header("lambda-runtime-invocation-id"),
                error_type: request.header("lambda-runtime-function-error-type"),
                body: request.body,
            });
        } else {
            state.unexpected.push(format!("{} {}", request.method, request.path));
        }
        drop(state);
        self.changed.notify_all();
        let body = r#"{"status":"OK"}"#;
        let status = status.unwrap_or("403 Forbidden");
        let length = body.len();
        writer.write_all(
            format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        )
    }

    /// Answers a poll, as soon as there is an event.
    fn hand_out(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut state = self.lock();
        state.polls.push(Instant::now());
        state.idle = true;
        self.changed.notify_all();
        let next = loop {
            if state.closed {
                return Ok(());
            }
            if let Some(next) = state.queue.pop_front() {
                break next;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        state.idle = false;
        let Next { request_id, invocation_id, event, status, time } = next;
        if let Some((unanswered, _)) = state.running.replace((request_id.clone(), status)) {
            state.unexpected.push(format!("a poll before the answer to {unanswered}"));
        }
        drop(state);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let invocation_id = invocation_id
            .map(|id| format!("Lambda-Runtime-Invocation-Id: {id}\r\n"))
            .unwrap_or_default();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
             Lambda-Runtime-Aws-Request-Id: {request_id}\r\n\
             Lambda-Runtime-Deadline-Ms: {}\r\n\
             Lambda-Runtime-Invoked-Function-Arn: \
             arn:aws:lambda:eu-central-1:123456789012:function:dynalake-test\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\
             {invocation_id}Content-Length: {}\r\n\r\n",
            (now + time).as_millis(),
            event.len()
        );
        writer.write_all(head.as_bytes())?;
        writer.write_all(&event)
    }
}

/// One HTTP request.
struct Request {
    method: String,
    path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Reads a request; none where the connection was closed.
    fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
        let Some(first) = line(reader)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(path), Some("HTTP/1.1")) =
            (words.next(), words.next(), words.next())
        else {
            return invalid(format!("not a request: {first}"));
        };
        let mut request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let header = line(reader)?.unwrap_or_default();
            if header.is_empty() {
                break;
            }
            let Some((name, value)) = header.split_once(':') else {
                return invalid(format!("not a header: {header}"));
            };
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        request.body = request.read_body(reader)?;
        Ok(Some(request))
    }

    fn read_body(&self, reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        let mut take = |length: usize, reader: &mut dyn BufRead| {
            let from = body.len();
            body.resize(from + length, 0);
            reader.read_exact(&mut body[from..])
        };
        if self.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            loop {
                let size = line(reader)?.unwrap_or_default();
                let size = size.split(';').next().unwrap_or_default().trim();
                let Ok(size) = usize::from_str_radix(size, 16) else {
                    return invalid(format!("not a chunk's size: {size}"));
                };
                take(size, reader)?;
                // What ends a chunk, or the trailers, which are empty here.
                let end = line(reader)?.unwrap_or_default();
                if !end.is_empty() {
                    return invalid(format!("a chunk of {size} bytes does not end there: {end}"));
                }
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        if let Some(length) = self.header("content-length") {
            let Ok(length) = length.parse() else {
                return invalid(format!("not a length: {length}"));
            };
            take(length, reader)?;
        }
        Ok(body)
    }

    fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.clone())
    }
}

/// The next line, without its end; none at the end of the stream.
fn line(reader: &mut (impl BufRead + ?Sized)) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

fn invalid<T>(reason: String) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidData, reason))
}

#[test]
fn a_chunked_body_is_read_as_one() {
    let bytes = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n6;why=not\r\n world\r\n0\r\n\r\nGET /y HTTP/1.1\r\n\r\n";
    let mut reader = BufReader::new(&bytes[..]);
    let mut next = || Request::read(&mut reader).expect("this is HTTP");
    assert_eq!(next().expect("there is a request").body, b"hello world");
    assert_eq!(next().expect("there is another").path, "/y");
    assert!(next().is_none());
}
