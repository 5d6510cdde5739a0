//! Where an admin port is: on this machine, or behind the name of another one, as containers have it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A host and a port: `127.0.0.1:9103`, `[::1]:9103` or `mapper:9103`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Reads one; none when it names no port.
    pub fn new(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let is_address = text.parse::<SocketAddr>().is_ok();
        let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        (port.parse::<u16>().is_ok() && (is_address || is_name)).then(|| Self(text.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where to ask it from the same machine: a port that is bound to all addresses is asked on the loopback interface.
    pub(super) fn here(&self) -> String {
        let Ok(bound) = self.0.parse::<SocketAddr>() else { return self.0.clone() };
        let ip = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, bound.port()).to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("`{text}` is no host and port, such as 127.0.0.1:9103"));
        Self::new(&text).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_port_on_all_addresses_is_asked_on_the_loopback_interface_and_a_name_as_it_is() {
        for (bound, asked) in [
            ("0.0.0.0:9103", "127.0.0.1:9103"),
            ("[::]:9103", "[::1]:9103"),
            ("127.0.0.2:9103", "127.0.0.2:9103"),
            ("mapper:9103", "mapper:9103"),
        ] {
            assert_eq!(Address::new(bound).map(|address| address.here()).as_deref(), Some(asked));
        }
        for wrong in ["9103", "mapper", ":9103", "mapper:x", "http://mapper:9103", "a b:1"] {
            assert_eq!(Address::new(wrong), None, "{wrong}");
        }
    }
}
