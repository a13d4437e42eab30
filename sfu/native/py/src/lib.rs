//! `sfu._core`: what Python sees of the media core. It holds no logic.

use pyo3::prelude::*;

/// The media core of Hearth.
#[pymodule]
mod _core {
    use std::net::{IpAddr, SocketAddr};

    use hearth_driver::udp;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    /// What the kernel gave a socket for media.
    #[pyclass(frozen, get_all)]
    struct UdpOffer {
        port: u16,
        receive_buffer: usize,
        send_buffer: usize,
        segmentation: bool,
        coalescing: bool,
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("WANTED_BUFFER", udp::WANTED_BUFFER)
    }

    /// Bind a port as media would, tell what the kernel gave, and let go of it again.
    #[pyfunction]
    fn probe_udp(address: &str, port: u16) -> PyResult<UdpOffer> {
        let address: IpAddr = address
            .parse()
            .map_err(|_| PyValueError::new_err("no IP address"))?;
        let (_socket, offer) = udp::open(SocketAddr::new(address, port))?;
        Ok(UdpOffer {
            port: offer.address.port(),
            receive_buffer: offer.receive_buffer,
            send_buffer: offer.send_buffer,
            segmentation: offer.segmentation,
            coalescing: offer.coalescing,
        })
    }
}
