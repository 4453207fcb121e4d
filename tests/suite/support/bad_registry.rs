//! A registry in memory that misbehaves on demand. It listens on this machine only, accepts a limited number of requests, and
//! waits only a few seconds for a client.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sha2::Digest as _;

/// More requests than any test makes.
const MAX_REQUESTS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(5);

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `GET /v2/`
    pub(crate) line: String,
    pub(crate) authorization: Option<String>,
    /// How often the same line has been received before.
    pub(crate) times_before: usize,
    length: usize,
    /// The body, once it has been read: unknown to the code that misbehaves.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Whether it has this method, such as `PUT`, and a path that contains this part.
    pub(crate) fn is(&self, method: &str, part_of_path: &str) -> bool {
        self.line.split_once(' ').is_some_and(|(m, path)| m == method && path.contains(part_of_path))
    }
}

/// What the registry does instead of the normal work.
pub(crate) enum Reply {
    /// Reads the whole request, and answers.
    Answer(Answer),
    /// Reads this number of bytes of the body, and closes the connection.
    HangUpAfter(usize),
    /// Announces a body of this size, and sends this number of single bytes of it, with a pause before each.
    Trickle { announced: usize, pieces: usize, pause: Duration },
    /// Works normally, but reads the body in this number of pieces, with a pause before each.
    Slowly { pieces: usize, pause: Duration },
}

/// A status, headers, and a body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// A content length that differs from that of the body.
    announced: Option<usize>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn announces(self, length: usize) -> Self {
        Self { announced: Some(length), ..self }
    }
}

impl From<Answer> for Option<Reply> {
    fn from(answer: Answer) -> Self {
        Some(Reply::Answer(answer))
    }
}

/// The content of the registry, and the requests it has received.
#[derive(Default)]
pub(crate) struct Store {
    manifests: HashMap<String, Vec<u8>>,
    blobs: HashMap<String, Vec<u8>>,
    seen: Vec<Request>,
}

pub(crate) struct BadRegistry {
    /// `127.0.0.1:40000`
    pub(crate) host: String,
    store: Arc<Mutex<Store>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BadRegistry {
    /// `misbehave` returns what to do instead of the normal work, if anything.
    pub(crate) fn start(misbehave: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (store, stop) = (Arc::<Mutex<Store>>::default(), Arc::<AtomicBool>::default());
        let thread = {
            let (store, stop, misbehave) = (store.clone(), stop.clone(), Arc::new(misbehave));
            std::thread::spawn(move || {
                for stream in listener.incoming().take(MAX_REQUESTS) {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let (store, misbehave) = (store.clone(), misbehave.clone());
                    // Errors are ignored: clients may close the connection.
                    std::thread::spawn(move || drop(serve(&stream.unwrap(), &store, &*misbehave)));
                }
            })
        };
        Self { host, store, stop, thread: Some(thread) }
    }

    /// A registry that works normally.
    pub(crate) fn good() -> Self {
        Self::start(|_| None)
    }

    /// The requests that were received: method and path.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.store.lock().unwrap().seen.clone()
    }

    pub(crate) fn count(&self, method: &str, part_of_path: &str) -> usize {
        self.requests().iter().filter(|request| request.is(method, part_of_path)).count()
    }

    /// Stores a manifest under a tag.
    pub(crate) fn put_manifest(&self, tag: &str, manifest: impl Into<Vec<u8>>) {
        self.store.lock().unwrap().manifests.insert(tag.to_owned(), manifest.into());
    }

    /// The manifest of a tag.
    pub(crate) fn manifest(&self, tag: &str) -> Vec<u8> {
        self.store.lock().unwrap().manifests[tag].clone()
    }

    pub(crate) fn forget_blob(&self, digest: &str) {
        self.store.lock().unwrap().blobs.remove(digest);
    }

    /// Stores other content under a digest.
    pub(crate) fn replace_blob(&self, digest: &str, blob: &[u8]) {
        self.store.lock().unwrap().blobs.insert(digest.to_owned(), blob.to_vec());
    }
}

impl Drop for BadRegistry {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes up the thread, which waits for a connection.
        let _ = TcpStream::connect(&self.host);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn serve(
    stream: &TcpStream,
    store: &Mutex<Store>,
    misbehave: &(impl Fn(&Request) -> Option<Reply> + ?Sized),
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let Some(mut request) = read_head(&mut reader)? else { return Ok(()) };
    let index = {
        let mut store = store.lock().unwrap();
        request.times_before = store.seen.iter().filter(|seen| seen.line == request.line).count();
        store.seen.push(request.clone());
        store.seen.len() - 1
    };
    let mut body = vec![0; request.length];
    let answer = match misbehave(&request) {
        Some(Reply::HangUpAfter(bytes)) => {
            reader.read_exact(&mut body[..bytes.min(request.length)])?;
            return stream.shutdown(Shutdown::Both);
        }
        Some(Reply::Slowly { pieces, pause }) => {
            for piece in body.chunks_mut(request.length.div_ceil(pieces).max(1)) {
                std::thread::sleep(pause);
                reader.read_exact(piece)?;
            }
            work(&request, body, &mut store.lock().unwrap())
        }
        Some(Reply::Answer(answer)) => {
            reader.read_exact(&mut body)?;
            store.lock().unwrap().seen[index].body = body;
            answer
        }
        Some(Reply::Trickle { announced, pieces, pause }) => {
            return trickle(stream, announced, pieces, pause);
        }
        None => {
            reader.read_exact(&mut body)?;
            work(&request, body, &mut store.lock().unwrap())
        }
    };
    write_answer(stream, &request, &answer)
}

fn trickle(mut stream: &TcpStream, announced: usize, pieces: usize, pause: Duration) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 200 Status\r\nContent-Length: {announced}\r\n\r\n").as_bytes())?;
    for _ in 0..pieces {
        std::thread::sleep(pause);
        stream.write_all(b" ")?;
    }
    stream.shutdown(Shutdown::Both)
}

fn read_head(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let mut headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    Ok(Some(Request {
        line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(),
        authorization: header("authorization"),
        times_before: 0,
        body: Vec::new(),
        length: header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0),
    }))
}

/// The normal work of a registry.
fn work(request: &Request, body: Vec<u8>, store: &mut Store) -> Answer {
    let (method, path) = request.line.split_once(' ').unwrap();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let name = path.rsplit('/').next().unwrap();
    let found = |found: Option<&Vec<u8>>, media_type: &str| match found {
        Some(bytes) => Answer::status(200)
            .header("Docker-Content-Digest", digest(bytes))
            .header("Content-Type", media_type)
            .body(bytes.clone()),
        None => Answer::status(404),
    };
    match method {
        "GET" | "HEAD" if path.contains("/manifests/") => {
            found(store.manifests.get(name), "application/vnd.oci.image.manifest.v1+json")
        }
        "GET" | "HEAD" if path.contains("/blobs/") => {
            found(store.blobs.get(name), "application/octet-stream")
        }
        "GET" => Answer::status(200),
        "POST" => Answer::status(202).header("Location", format!("{path}1")),
        "PUT" if path.contains("/manifests/") => {
            let digest = digest(&body);
            store.manifests.insert(name.to_owned(), body.clone());
            store.manifests.insert(digest.clone(), body);
            Answer::status(201).header("Location", path.replace(name, &digest))
        }
        "PUT" => {
            let digest = query.trim_start_matches("digest=").replace("%3A", ":");
            store.blobs.insert(digest.clone(), body);
            Answer::status(201).header("Location", format!("/v2/blobs/{digest}"))
        }
        _ => Answer::status(405),
    }
}

fn write_answer(mut stream: &TcpStream, request: &Request, answer: &Answer) -> std::io::Result<()> {
    let length = answer.announced.unwrap_or(answer.body.len());
    let mut head =
        format!("HTTP/1.1 {} Status\r\nConnection: close\r\nContent-Length: {length}\r\n", answer.status);
    for (name, value) in &answer.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if !request.line.starts_with("HEAD") {
        stream.write_all(&answer.body)?;
    }
    stream.shutdown(Shutdown::Write)
}
