//! What touches the kernel for the media core: the only place with `unsafe`, and only around
//! system calls.

pub mod udp;
