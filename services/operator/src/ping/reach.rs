//! The way there: name, connection, encryption, clocks.

use std::io;
use std::net::SocketAddr;

use jiff::{SignedDuration, Timestamp};
use problem::{Code, Problem};

use super::{Side, Step};

/// Clocks that differ by more than this are told of: seconds.
const NOTICED: i64 = 30;
/// Clocks that differ by more than this are a failure: seconds. Commerce refuses a signature that is 600 s ahead of its
/// own clock, and takes it for a nonce that is wrong.
const TOO_FAR: i64 = 300;

/// Checks that a host has an address.
pub fn resolved(side: Side, host: &str, found: &io::Result<Vec<SocketAddr>>) -> Step {
    let failed = |why: String| {
        let remedy = "check the host in the settings and this machine's name server";
        Step::ends(
            side,
            "dns",
            Problem::new(Code::PingDns, format!("no address was found for the host name {host}: {why}"), remedy),
        )
    };
    match found {
        Ok(addresses) => match addresses.first() {
            Some(first) => Step::fine(side, "dns", format!("{host} is {}", first.ip())),
            None => failed("the name server returned none".to_owned()),
        },
        Err(e) => failed(e.to_string()),
    }
}

/// Checks that a connection can be made.
pub fn connected(side: Side, host: &str, port: u16, tried: &io::Result<()>) -> Step {
    match tried {
        Ok(()) => Step::fine(side, "tcp", format!("{host} answers on port {port}")),
        Err(e) => {
            let sentence = format!("{host} cannot be reached on port {port}: {e}");
            let remedy = "allow the connection in the firewall, and check the port in the settings";
            Step::ends(side, "tcp", Problem::new(Code::PingConnect, sentence, remedy))
        }
    }
}

/// Checks that the server's certificate is trusted; `tried` is the result of an exchange without credentials.
pub fn secured(side: Side, host: &str, encrypted: bool, tried: Result<(), &str>) -> Step {
    match (tried, encrypted) {
        (Ok(()), true) => Step::fine(side, "tls", format!("the certificate of {host} is valid")),
        (Ok(()), false) => Step::notice(
            side,
            "tls",
            format!("the connection to {host} is not encrypted"),
            "use https:// except for a test server of your own",
        ),
        (Err(why), true) => {
            let remedy = "install the CA of the certificate on this machine; if the certificate is not the vendor's, a proxy is in between";
            let sentence = format!("the TLS handshake with {host} failed: {why}");
            Step::ends(side, "tls", Problem::new(Code::PingTls, sentence, remedy))
        }
        (Err(why), false) => Step::ends(side, "tls", super::no_answer(side, why)),
    }
}

/// How far the two clocks are apart. `theirs` is the `Date` of an answer, in whole seconds; it was made between `sent`
/// and `came`, so only what lies outside of that counts.
pub fn clock(side: Side, theirs: Option<Timestamp>, sent: Timestamp, came: Timestamp) -> Step {
    let Some(theirs) = theirs else {
        return Step::unknown(side, "clock", format!("{} does not tell its time", side.name()));
    };
    // The header is cut to the second.
    let theirs_until = theirs.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    let (ahead, behind) = (sent.duration_since(theirs_until).as_secs(), theirs.duration_since(came).as_secs());
    let (apart, way) = if ahead > 0 { (ahead, "ahead of") } else { (behind.max(0), "behind") };
    let sentence = format!("this machine's clock is {apart} s {way} that of {}", side.name());
    let remedy = "set this machine's clock by NTP; if it is right, tell the operator of the server";
    if apart > TOO_FAR {
        return Step::ends(side, "clock", Problem::new(Code::PingClock, sentence, remedy));
    }
    if apart > NOTICED {
        return Step::notice(side, "clock", sentence, remedy);
    }
    Step::fine(side, "clock", "the clocks agree")
}
