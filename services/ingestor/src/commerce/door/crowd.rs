//! Connections at the door, and the memory that bodies take, within limits for all together.
//!
//! Anybody can connect. If a limit turned away the last to come, strangers could keep everybody else out. So one that
//! is here already gives way: of connections the one that has waited longest without a whole webhook, of bodies the one
//! that takes most memory. A genuine webhook is small and there within milliseconds, so that it is neither. One that
//! has arrived whole, and is being believed and kept, never gives way.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many and how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once.
    pub(super) connections: usize,
    /// Connections at once from one address.
    pub(super) from_one: usize,
    /// Bytes of all bodies together.
    pub(super) bodies: usize,
}

/// All who are at the door. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    limits: Limits,
    here: Arc<Mutex<Here>>,
}

#[derive(Debug, Default)]
struct Here {
    next: u64,
    guests: HashMap<u64, Guest>,
    held: usize,
}

#[derive(Debug)]
struct Guest {
    from: IpAddr,
    /// Since when it has not brought a whole webhook.
    since: Instant,
    held: usize,
    is_whole: bool,
    leave: CancellationToken,
}

/// One connection; it counts until this is dropped.
#[derive(Debug)]
pub(super) struct Visit {
    crowd: Crowd,
    id: u64,
    /// Where it comes from.
    pub(super) peer: SocketAddr,
    /// Cancelled when it has to give way.
    pub(super) leave: CancellationToken,
}

/// The memory of one body. What it has taken is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    visit: Arc<Visit>,
    bytes: usize,
}

/// There is no room, and nobody who could give way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Crowd {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, here: Arc::default() }
    }

    /// Lets a connection in; another gives way for it where that must be.
    ///
    /// # Errors
    /// When every other one has brought a webhook that is in hand.
    pub(super) fn enter(&self, peer: SocketAddr) -> Result<Arc<Visit>, Full> {
        let (from, leave) = (group(peer.ip()), CancellationToken::new());
        let mut here = self.here();
        let shared = here.guests.values().filter(|guest| guest.from == from).count();
        if shared >= self.limits.from_one {
            here.longest(Some(from))?;
        } else if here.guests.len() >= self.limits.connections {
            let busiest = here.busiest();
            here.longest(busiest)?;
        }
        let id = here.next;
        here.next += 1;
        let guest = Guest { from, since: Instant::now(), held: 0, is_whole: false, leave: leave.clone() };
        here.guests.insert(id, guest);
        Ok(Arc::new(Visit { crowd: self.clone(), id, peer, leave }))
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Here {
    /// The address that most connections come from; of several the one that has waited longest.
    fn busiest(&self) -> Option<IpAddr> {
        let mut counts: HashMap<IpAddr, (usize, Reverse<Instant>)> = HashMap::new();
        for guest in self.guests.values().filter(|guest| !guest.is_whole) {
            let (count, since) = counts.entry(guest.from).or_insert((0, Reverse(guest.since)));
            (*count, *since) = (*count + 1, (*since).max(Reverse(guest.since)));
        }
        counts.into_iter().max_by_key(|(_, busy)| *busy).map(|(from, _)| from)
    }

    /// Sends away whoever has waited longest, of those from one address.
    fn longest(&mut self, from: Option<IpAddr>) -> Result<(), Full> {
        let waiting = self.guests.iter().filter(|(_, guest)| !guest.is_whole && Some(guest.from) == from);
        let longest = waiting.min_by_key(|(id, guest)| (guest.since, **id)).map(|(id, _)| *id);
        self.send_away(longest.ok_or(Full)?);
        Ok(())
    }

    fn send_away(&mut self, id: u64) {
        if let Some(guest) = self.guests.remove(&id) {
            self.held = self.held.saturating_sub(guest.held);
            guest.leave.cancel();
            metrics::counter!("ml_webhook_connections_cut_total").increment(1);
        }
    }
}

impl Visit {
    /// The memory for a body that begins to arrive.
    pub(super) fn body(self: &Arc<Self>) -> Held {
        Held { visit: Arc::clone(self), bytes: 0 }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut here = self.crowd.here();
        if let Some(guest) = here.guests.remove(&self.id) {
            here.held = here.held.saturating_sub(guest.held);
        }
    }
}

impl Held {
    /// Takes `bytes` more; whoever takes most gives way when there are no more.
    ///
    /// # Errors
    /// When that is this one, or it was sent away meanwhile.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Full> {
        let crowd = &self.visit.crowd;
        let mut here = crowd.here();
        let Some(guest) = here.guests.get_mut(&self.visit.id) else { return Err(Full) };
        guest.held += bytes;
        self.bytes += bytes;
        here.held += bytes;
        while here.held > crowd.limits.bodies {
            let parts = here.guests.iter().filter(|(_, guest)| !guest.is_whole && guest.held > 0);
            match parts.max_by_key(|(_, guest)| guest.held).map(|(id, _)| *id) {
                Some(id) if id != self.visit.id => here.send_away(id),
                _ => return Err(Full),
            }
        }
        Ok(())
    }

    /// The body has arrived whole: from now on it gives way to nobody.
    pub(super) fn is_whole(&self) {
        if let Some(guest) = self.visit.crowd.here().guests.get_mut(&self.visit.id) {
            guest.is_whole = true;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut here = self.visit.crowd.here();
        if let Some(guest) = here.guests.get_mut(&self.visit.id) {
            guest.held = guest.held.saturating_sub(self.bytes);
            (guest.is_whole, guest.since) = (false, Instant::now());
            here.held = here.held.saturating_sub(self.bytes);
        }
    }
}

/// Returns what counts as one address: for IPv6, the /64 network that one customer is given.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
