//! Asking an admin port, from another process on the same machine, or from another container.
//!
//! A health check runs every few seconds beside each service, so it must cost next to nothing: one request of HTTP/1.0
//! over a plain connection, and no client that loads certificates first.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};

use super::Page;
use super::address::Address;

/// How long a service may take for an answer: it has nothing to look up for it.
const PATIENCE: Duration = Duration::from_secs(3);
/// A page is a line for each reason; more than this is no page of ours.
const LARGEST: u64 = 64 * 1024;

/// Answer of an admin port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The page was answered with 200, and says this besides.
    Well(Option<String>),
    /// It was answered with something else, and these lines.
    Ill(String),
    /// Nobody listens there.
    Nobody,
    /// Somebody listens there and does not answer in time, or not as an admin port does.
    Silent(String),
}

/// Asks the admin port at `admin` for a page, such as `/readyz`.
pub async fn ask(admin: &Address, page: &str) -> Answer {
    match tokio::time::timeout(PATIENCE, exchange(&admin.here(), page)).await {
        Ok(Ok(Some(text))) => read(&text),
        Ok(Ok(None)) => Answer::Nobody,
        Ok(Err(e)) => Answer::Silent(e.to_string()),
        Err(_) => Answer::Silent(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Asks the admin port at `admin` how the process and its connections are.
///
/// # Errors
/// The answer that it gives instead.
pub async fn readiness(admin: &Address) -> Result<Page, Answer> {
    match tokio::time::timeout(PATIENCE, exchange(&admin.here(), "/readyz?format=json")).await {
        Ok(Ok(Some(text))) => {
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            serde_json::from_str(body).map_err(|_| read(&text))
        }
        Ok(Ok(None)) => Err(Answer::Nobody),
        Ok(Err(e)) => Err(Answer::Silent(e.to_string())),
        Err(_) => Err(Answer::Silent(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// The answer; none when nobody listens there. A container that does not run has no name either.
async fn exchange(admin: &str, page: &str) -> std::io::Result<Option<String>> {
    let Ok(mut found) = lookup_host(admin).await else { return Ok(None) };
    let Some(address) = found.next() else { return Ok(None) };
    let mut connection = match TcpStream::connect(address).await {
        Ok(connection) => connection,
        Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => return Ok(None),
        Err(e) => return Err(e),
    };
    connection.write_all(format!("GET {page} HTTP/1.0\r\nHost: {admin}\r\n\r\n").as_bytes()).await?;
    let mut text = String::new();
    connection.take(LARGEST).read_to_string(&mut text).await?;
    Ok(Some(text))
}

fn read(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut line = head.lines().next().unwrap_or_default().split_whitespace();
    let lines = |skip| body.trim_end().lines().skip(skip).collect::<Vec<_>>().join("; ");
    match (line.next(), line.next()) {
        (Some(version), Some("200")) if version.starts_with("HTTP/") => {
            Answer::Well(Some(lines(1)).filter(|said| !said.is_empty()))
        }
        (Some(version), Some(_)) if version.starts_with("HTTP/") => Answer::Ill(lines(0)),
        _ => Answer::Silent("it does not speak HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_its_status() {
        assert_eq!(read("HTTP/1.0 200 OK\r\ncontent-length: 6\r\n\r\nready\n"), Answer::Well(None));
        let said = "HTTP/1.0 200 OK\r\n\r\nready\nBROKER_SET_BACK: the log ends early\n";
        assert_eq!(read(said), Answer::Well(Some("BROKER_SET_BACK: the log ends early".to_owned())));
        let ill = "HTTP/1.0 503 Service Unavailable\r\n\r\nnot ready\nbroker: the connection is lost\n";
        assert_eq!(read(ill), Answer::Ill("not ready; broker: the connection is lost".to_owned()));
        for strange in ["", "INFO {}\r\n", "HTTP/1.1"] {
            assert!(matches!(read(strange), Answer::Silent(_)), "{strange}");
        }
    }
}
