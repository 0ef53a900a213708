//! The byte streams that clients come by, and what they can carry beside bytes.
//!
//! The pump of a connection writes to them. Only a unix socket takes a file descriptor along.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::{TcpStream, UnixStream};

/// What goes with a descriptor: a descriptor cannot travel without a byte.
const BYTE: [u8; 1] = [0];

/// A byte stream with a peer at its other end.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// Sends one byte with a descriptor. Ready with the bytes that went, or with an error where the stream takes no
    /// descriptors.
    fn poll_send_descriptor(
        &mut self,
        _context: &mut Context<'_>,
        _descriptor: BorrowedFd<'_>,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::Error::new(io::ErrorKind::Unsupported, "no descriptor can be sent here")))
    }

    /// The socket for another thread that writes, if bytes go to it as they are.
    fn socket(&self) -> Option<OwnedFd> {
        None
    }
}

impl Stream for TcpStream {
    fn socket(&self) -> Option<OwnedFd> {
        self.as_fd().try_clone_to_owned().ok()
    }
}

impl Stream for UnixStream {
    fn socket(&self) -> Option<OwnedFd> {
        self.as_fd().try_clone_to_owned().ok()
    }

    fn poll_send_descriptor(
        &mut self,
        context: &mut Context<'_>,
        descriptor: BorrowedFd<'_>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(context))?;
            match self.try_io(Interest::WRITABLE, || send(self.as_fd(), descriptor)) {
                // The readiness was an old one, and is taken back now.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

#[cfg(test)]
impl Stream for tokio::io::DuplexStream {}

fn send(socket: BorrowedFd<'_>, descriptor: BorrowedFd<'_>) -> io::Result<usize> {
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(sendmsg(socket, &[IoSlice::new(&BYTE)], &mut ancillary, flags)?)
}
