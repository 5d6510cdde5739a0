//! A wire tap between one service and the broker: it forwards everything, and stops at the message that a test names.
//!
//! A crash test has to end a process between two of its own instructions, for instance when its intent is on disk and
//! it does not know so yet. No sleep and no log line hits that instant, but each of them is a message of the NATS
//! client protocol, and a process that is stopped there is stopped on the wire.

mod frame;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pipeline::task;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use frame::Frames;
pub use frame::{Message, Way};

/// On which side of the wire a message stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The receiver never sees it.
    Before,
    /// The receiver has it, and nothing that it answers comes back.
    After,
}

/// Which messages are meant; called for every message that passes while the stop is armed, so it may count and
/// remember.
pub type Meant = Box<dyn FnMut(&Message<'_>) -> bool + Send>;

/// A tap. Connections through it end with it.
#[derive(Debug)]
pub struct Tap {
    address: SocketAddr,
    wire: Arc<Wire>,
    accepting: JoinHandle<()>,
}

/// How far a stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Armed,
    Reached,
    Released,
    Cut,
}

/// A stop that was armed. Dropped, it is disarmed, and a connection that stands at it is cut.
#[derive(Debug)]
pub struct Stop {
    state: watch::Sender<State>,
    wire: Arc<Wire>,
}

struct Armed {
    meant: Meant,
    side: Side,
    state: watch::Sender<State>,
}

/// State that the connections of a tap share.
struct Wire {
    broker: SocketAddr,
    armed: Mutex<Option<Armed>>,
}

impl Tap {
    /// Opens a tap on a free loopback port in front of `broker`.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn open(broker: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let wire = Arc::new(Wire { broker, armed: Mutex::default() });
        let accepting = task::detached(accept(listener, Arc::clone(&wire)));
        Ok(Self { address, wire, accepting })
    }

    /// The URL by which a service reaches the broker through this tap.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Stops the connection that carries the next message that is `meant`. One stop is armed at a time; a new one takes
    /// the place of the last.
    pub fn stop_at(&self, side: Side, meant: impl FnMut(&Message<'_>) -> bool + Send + 'static) -> Stop {
        let state = watch::Sender::new(State::Armed);
        *self.wire.armed() = Some(Armed { meant: Box::new(meant), side, state: state.clone() });
        Stop { state, wire: Arc::clone(&self.wire) }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.accepting.abort(); // Its connections are in a set that it owns.
    }
}

impl Stop {
    /// Returns when a connection stands at it.
    pub async fn reached(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| *state != State::Armed).await; // Err cannot be: the sender is here.
    }

    /// Lets the connection go on, in both directions.
    pub fn release(self) {
        self.state.send_replace(State::Released);
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let mut armed = self.wire.armed();
        if armed.as_ref().is_some_and(|armed| armed.state.same_channel(&self.state)) {
            *armed = None;
        }
        self.state.send_if_modified(|state| {
            let ends = *state != State::Released;
            if ends {
                *state = State::Cut;
            }
            ends
        });
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl Wire {
    fn armed(&self) -> MutexGuard<'_, Option<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the armed stop if this is the message that it is meant for.
    fn struck(&self, message: &Message<'_>) -> Option<Armed> {
        let mut armed = self.armed();
        let meant = armed.as_mut().is_some_and(|armed| (armed.meant)(message));
        if meant { armed.take() } else { None }
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                connections.spawn(Connection { wire: Arc::clone(&wire), stopped: watch::Sender::new(None) }.carry(client));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One client's connection; both its directions stand still together.
struct Connection {
    wire: Arc<Wire>,
    stopped: watch::Sender<Option<watch::Sender<State>>>,
}

impl Connection {
    /// Carries messages both ways until one side closes. An error ends the connection, which is all that can be said.
    async fn carry(self, client: TcpStream) -> io::Result<()> {
        let broker = TcpStream::connect(self.wire.broker).await?;
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_broker, to_broker) = broker.into_split();
        tokio::select! {
            ended = self.forward(Way::ToBroker, from_client, to_broker) => ended,
            ended = self.forward(Way::FromBroker, from_broker, to_client) => ended,
        }
    }

    async fn forward(&self, way: Way, from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut frames = Frames::new(from);
        while let Some(frame) = frames.next().await? {
            let struck = frame.message(way).and_then(|message| self.wire.struck(&message));
            if let Some(Armed { side, state, .. }) = struck {
                // The other direction stands still before the message is out, so that its answer cannot slip through.
                self.stopped.send_replace(Some(state.clone()));
                if side == Side::After {
                    to.write_all(frame.bytes()).await?;
                }
                state.send_if_modified(|state| {
                    let armed = *state == State::Armed;
                    if armed {
                        *state = State::Reached;
                    }
                    armed
                });
                if side == Side::After {
                    continue;
                }
            }
            self.free().await?;
            to.write_all(frame.bytes()).await?;
        }
        Ok(())
    }

    /// Returns when nothing stops this connection.
    async fn free(&self) -> io::Result<()> {
        let stopped = self.stopped.borrow().clone();
        let Some(state) = stopped else { return Ok(()) };
        let mut state = state.subscribe();
        match state.wait_for(|state| matches!(state, State::Released | State::Cut)).await.as_deref() {
            Ok(State::Released) => Ok(()),
            Ok(_) | Err(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}
