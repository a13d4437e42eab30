//! A UDP socket fit for media, and what this kernel offers for it.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// A key frame for twenty viewers arrives at once: with the kernel's usual 208 KiB some of it is
/// lost, with 4 MiB none.
pub const WANTED_BUFFER: usize = 4 * 1024 * 1024;

/// What the kernel gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Where the socket is bound.
    pub address: SocketAddr,
    /// Bytes that wait to be read before packets are lost.
    pub receive_buffer: usize,
    /// Bytes that wait to be sent.
    pub send_buffer: usize,
    /// Whether one system call can send many packets of one size to one place (UDP GSO).
    pub segmentation: bool,
    /// Whether one system call can receive many packets of one size from one place (UDP GRO).
    pub coalescing: bool,
}

/// Bind a socket and ask for large buffers.
///
/// # Errors
/// The kernel's: the port is taken, or the address is not ours.
pub fn open(address: SocketAddr) -> io::Result<(UdpSocket, Offer)> {
    let socket = UdpSocket::bind(address)?;
    // More than `net.core.*mem_max` is cut down to it without an error: what was given is read back.
    enlarge(&socket, libc::SO_RCVBUF);
    enlarge(&socket, libc::SO_SNDBUF);
    let offer = Offer {
        address: socket.local_addr()?,
        receive_buffer: buffer(&socket, libc::SO_RCVBUF)?,
        send_buffer: buffer(&socket, libc::SO_SNDBUF)?,
        segmentation: read_option(&socket, libc::SOL_UDP, libc::UDP_SEGMENT).is_ok(),
        coalescing: write_option(&socket, libc::SOL_UDP, libc::UDP_GRO, 1).is_ok(),
    };
    Ok((socket, offer))
}

fn enlarge(socket: &UdpSocket, buffer: libc::c_int) {
    let wanted = libc::c_int::try_from(WANTED_BUFFER).unwrap_or(libc::c_int::MAX);
    // Refused at the worst; then the kernel's own size stays, which `Offer` tells.
    let _ = write_option(socket, libc::SOL_SOCKET, buffer, wanted);
}

fn buffer(socket: &UdpSocket, option: libc::c_int) -> io::Result<usize> {
    // Linux doubles what is asked for, to have room for its own bookkeeping (socket(7)).
    let doubled = read_option(socket, libc::SOL_SOCKET, option)?;
    Ok(usize::try_from(doubled).unwrap_or(0) / 2)
}

fn read_option(
    socket: &UdpSocket,
    level: libc::c_int,
    option: libc::c_int,
) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = int_length();
    // SAFETY: the descriptor is open for as long as `socket` is borrowed, and `value` is as long as
    // `length` says.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        Ok(value)
    } else {
        Err(io::Error::last_os_error())
    }
}

fn write_option(
    socket: &UdpSocket,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as `socket` is borrowed, and `value` is as long as
    // the length given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            int_length(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn int_length() -> libc::socklen_t {
    libc::socklen_t::try_from(mem::size_of::<libc::c_int>()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn an_open_socket_tells_where_it_is_and_what_it_was_given() -> io::Result<()> {
        let (socket, offer) = open((Ipv4Addr::LOCALHOST, 0).into())?;
        assert_eq!(offer.address, socket.local_addr()?);
        assert_ne!(offer.address.port(), 0);
        assert!(offer.receive_buffer >= 64 * 1024);
        assert!(offer.send_buffer >= 64 * 1024);
        Ok(())
    }

    #[test]
    fn a_taken_port_is_an_error_and_no_panic() -> io::Result<()> {
        let (_socket, offer) = open((Ipv4Addr::LOCALHOST, 0).into())?;
        let error = open(offer.address).err().map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::AddrInUse));
        Ok(())
    }

    #[test]
    fn ipv6_opens_as_well() -> io::Result<()> {
        let (_socket, offer) = open((Ipv6Addr::LOCALHOST, 0).into())?;
        assert!(offer.address.is_ipv6());
        Ok(())
    }
}
