//! The connections, with a switch on each.
//!
//! A lost answer is a connection that ends where an answer was due. No HTTP handler can do that, so the listener
//! hands out streams that a handler may cut: the next write then fails, and the server drops the socket, with a FIN
//! or, for a reset, with a RST (`SO_LINGER` of zero). The stream also tells when an answer has been written, which
//! is the last point at which a test may want to kill a process.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::hold::Points;

/// How a connection ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// The connection is closed in order.
    Close = 1,
    /// The connection is reset.
    Reset = 2,
}

const WHOLE: u8 = 0;

#[derive(Debug, Default)]
struct Switch {
    cut: AtomicU8,
    watched: AtomicU8,
    answer: Mutex<Points>,
}

/// A handle on the connection that a request came in on, found in the request's `ConnectInfo`.
#[derive(Clone, Debug)]
pub struct Wire {
    switch: Arc<Switch>,
}

impl Wire {
    /// Ends the connection at its next write.
    pub fn cut(&self, how: Cut) {
        self.switch.cut.store(how as u8, Ordering::SeqCst);
    }

    /// Tells `points` once the next bytes have been handed to the kernel.
    pub fn tell_when_written(&self, points: Points) {
        *self.switch.answer.lock().unwrap_or_else(PoisonError::into_inner) = points;
        self.switch.watched.store(1, Ordering::SeqCst);
    }
}

impl Switch {
    fn written(&self) {
        if self.watched.swap(0, Ordering::SeqCst) == 1 {
            std::mem::take(&mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner)).answered();
        }
    }
}

impl Connected<IncomingStream<'_, Wired>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Wired>) -> Self {
        Self { switch: Arc::clone(&stream.io().switch) }
    }
}

/// A listener whose connections can be cut.
#[derive(Debug)]
pub struct Wired(pub TcpListener);

impl Listener for Wired {
    type Io = WiredStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok((stream, from)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "TCP_NODELAY refused");
                    }
                    return (WiredStream { stream, switch: Arc::default() }, from);
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A TCP stream that ends when its switch says so.
#[derive(Debug)]
pub struct WiredStream {
    stream: TcpStream,
    switch: Arc<Switch>,
}

impl WiredStream {
    fn whole(&self) -> io::Result<()> {
        let cut = self.switch.cut.load(Ordering::SeqCst);
        if cut == WHOLE {
            return Ok(());
        }
        if cut == Cut::Reset as u8 {
            self.stream.set_zero_linger()?;
        }
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the sandbox"))
    }
}

impl AsyncRead for WiredStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for WiredStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.whole()?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if matches!(written, Poll::Ready(Ok(_))) {
            self.switch.written();
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.whole()?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if matches!(written, Poll::Ready(Ok(_))) {
            self.switch.written();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
