//! Loopback ports that stay free for the processes of an installation, from before they start until after they end.
//!
//! A port that the kernel picks and gives back is soon picked again, for a connection of anybody's or a port of another
//! service, and whoever was told of it finds it in use. So ports are chosen below those that the kernel picks from, and
//! one that is chosen is kept from other installations by its UDP twin, which nobody uses for anything else.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::bail;

/// The lowest port that is chosen: below are those that well-known programs listen on.
const LOWEST: u16 = 15_000;
/// From here on Linux picks ports for connections, unless it says otherwise.
const PICKED_FROM: u16 = 32_768;
/// Fewer ports than this are not worth keeping to.
const ENOUGH: u16 = 1_000;

/// A loopback address that no other installation takes while this lives.
#[derive(Debug)]
pub struct Port {
    /// The address, for one TCP listener at a time.
    pub address: SocketAddr,
    _twin: UdpSocket,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Errors
    /// When every port is in use.
    pub fn take() -> anyhow::Result<Self> {
        let ports = range(std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok().as_deref());
        let count = usize::from(ports.end - ports.start);
        // Not where everybody begins.
        let first = usize::try_from(RandomState::new().hash_one(std::process::id()) % count as u64)?;
        match ports.clone().cycle().skip(first).take(count).find_map(Self::free) {
            Some(port) => Ok(port),
            None => bail!("every loopback port from {} to {} is in use", ports.start, ports.end - 1),
        }
    }

    fn free(port: u16) -> Option<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let twin = UdpSocket::bind(address).ok()?;
        // Bound for a moment, and not connected to: that leaves nothing behind.
        drop(TcpListener::bind(address).ok()?);
        Some(Self { address, _twin: twin })
    }
}

/// The ports to choose from, given where the kernel picks its own: `first last`.
fn range(kernel: Option<&str>) -> std::ops::Range<u16> {
    let first = kernel.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(PICKED_FROM);
    // A kernel that picks from nearly all leaves no better ones.
    if first >= LOWEST + ENOUGH { LOWEST..first } else { LOWEST..PICKED_FROM }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::{LOWEST, Port, range};

    #[test]
    fn ports_are_below_those_that_the_kernel_picks() {
        assert_eq!(range(Some("32768\t60999\n")), LOWEST..32_768);
        assert_eq!(range(Some("40000 50000")), LOWEST..40_000);
        assert_eq!(range(None), LOWEST..32_768);
        assert_eq!(range(Some("1024 65535")), LOWEST..32_768);
    }

    #[test]
    fn one_that_is_taken_is_for_one_listener_again_and_again_and_for_nobody_else() {
        let port = Port::take().expect("a port");
        for _ in 0..3 {
            assert!(Port::free(port.address.port()).is_none(), "another installation took it");
            TcpListener::bind(port.address).expect("it is free for its owner");
        }
        let number = port.address.port();
        drop(port);
        assert!(Port::free(number).is_some(), "it was given back");
    }
}
