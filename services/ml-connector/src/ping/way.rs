//! The way to a server: its name, its port, its certificate, its clock. Nothing of ours is shown on it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use operator::ping::{Side, Step, clock, connected, resolved, secured};
use pipeline::clock::now;
use pipeline::http::{Http, SendError};
use tokio::net::{TcpStream, lookup_host};
use url::Url;

use super::{Ended, Trial};

/// How long a name or a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where a proxy stands in between, only the proxy can say what is behind it.
const PROXIES: [&str; 3] = ["https_proxy", "http_proxy", "all_proxy"];

/// Walks to `address`; with `clocks`, the time that it has is compared with ours.
pub(super) async fn walk(trial: &mut Trial, side: Side, address: &str, http: &Http, clocks: bool) -> Result<(), Ended> {
    let Ok(url) = Url::parse(address) else { return Ok(()) }; // What needs it says so.
    let (host, port) = (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default().unwrap_or(443));
    trial.looking(&format!("connection to {host}"));
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if PROXIES.iter().any(|name| set(name) || set(&name.to_uppercase())) {
        trial.note(Step::unknown(side, "dns", "a proxy is set in the environment; it looks up host names"))?;
    } else {
        let found = within(lookup_host((host.as_str(), port))).await.map(Iterator::collect::<Vec<SocketAddr>>);
        trial.note(resolved(side, &host, &found))?;
        let tried = within(TcpStream::connect(found.unwrap_or_default().as_slice())).await.map(drop);
        trial.note(connected(side, &host, port, &tried))?;
    }
    let mut plain = url.clone();
    plain.set_path("/");
    plain.set_query(None);
    let Ok(request) = Request::get(plain.as_str()).body(Bytes::new()) else { return Ok(()) };
    let sent = now();
    let answer = http.send(request).await;
    let came = now();
    let tried = match &answer {
        Ok(_) => Ok(()),
        Err(SendError::NotSent(why) | SendError::NoAnswer(why)) => Err(why.as_str()),
    };
    trial.note(secured(side, &host, url.scheme() == "https", tried))?;
    match answer {
        Ok(answer) if clocks => trial.note(clock(side, ::commerce::reply::server_time(answer.headers()), sent, came)),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn within<T>(attempt: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, attempt).await.unwrap_or_else(|_| Err(late()))
}
