//! The server's process from outside: what it is told, what it is asked over HTTP, and what the
//! kernel says of it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::server::{Order, Ready};
use crate::{HOST, MB, Res};

/// This program once more, as a server.
pub struct Program {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    port: u16,
    token: String,
    pub followed: Vec<i64>,
}

impl Program {
    pub fn start(folder: &Path, limit: u64) -> Res<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--server")
            .arg(folder)
            .arg(limit.to_string())
            // what `dassie serve` asks of the allocator
            .env("MALLOC_ARENA_MAX", "2")
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().ok_or("no answers")?);
        let Ready { port, token, followed } = read(&mut answers)?;
        Ok(Self { child, orders, answers, port, token, followed })
    }

    /// Tells it something, and waits until that is done.
    pub fn tell<T: DeserializeOwned>(&mut self, order: &Order) -> Res<T> {
        let orders = self.orders.as_mut().ok_or("it was told to end")?;
        orders.write_all(format!("{}\n", serde_json::to_string(order)?).as_bytes())?;
        read(&mut self.answers)
    }

    /// What an app of the person gets; `None`: it does not exist (any more).
    pub fn get(&self, path: &str) -> Res<Option<Value>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {}\r\n\
             Connection: close\r\n\r\n",
            self.token
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("half an answer")?;
        match head.split(' ').nth(1) {
            Some("200") => Ok(Some(serde_json::from_str(body)?)),
            Some("404") => Ok(None),
            _ => Err(format!("{path}: {answer}").into()),
        }
    }

    /// The most memory that it held at once since the last look, in MB.
    pub fn peak(&self) -> Res<f64> {
        let id = self.child.id();
        let text = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = text.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
        let number = line.split_whitespace().nth(1).ok_or("no number")?;
        // from now on the next peak (proc(5))
        fs::write(format!("/proc/{id}/clear_refs"), "5")?;
        Ok(number.parse::<f64>()? * 1024.0 / MB)
    }

    /// Seconds of a processor that it used since its start.
    pub fn seconds(&self) -> Res<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // behind the name, which may hold anything; in hundredths of a second on Linux
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks = fields.skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
    }

    /// Lets it end in order.
    pub fn end(mut self) -> Res<()> {
        drop(self.orders.take());
        match self.child.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("the server ended with {status}").into()),
        }
    }
}

fn read<T: DeserializeOwned>(answers: &mut BufReader<ChildStdout>) -> Res<T> {
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        return Err("the server ended".into());
    }
    Ok(serde_json::from_str(&line)?)
}
