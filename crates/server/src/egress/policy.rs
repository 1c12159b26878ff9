//! Which addresses may be called.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Host;

/// Ports that may be called in the world.
const PORTS: [u16; 2] = [443, 8443];

/// An address is not called, for this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("it is not a web address: write https:// and a host name")]
    Malformed,
    /// It is not https.
    #[error("it is not https: webhooks are called over https only")]
    Scheme,
    /// It holds a name or password.
    #[error("it holds a user name or password: leave them out")]
    Credentials,
    /// Another port than those of the web.
    #[error("port {0} is not called: use 443 or 8443")]
    Port(u16),
    /// It leads into a private network.
    #[error("it leads to a private or reserved address; only public addresses are called")]
    PrivateAddress,
    /// The name has no address.
    #[error("its host name has no address")]
    NoAddress,
}

/// An entry of the operator's list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a host that webhooks may have: write a host, or a host, a colon and a port")]
pub struct InvalidEntry(String);

/// What may be called beside the public web.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    allowed: Vec<Allowed>,
    is_loopback_allowed: bool,
}

/// An entry of the operator's list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    host: String,
    /// Absent: any.
    port: Option<u16>,
}

impl EgressPolicy {
    /// A sandbox may call loopback. `allowed` are hosts, with or without a port, that are called although they are
    /// private: `hooks.internal`, `10.0.0.5:8080`, `[fd00::5]:8080`.
    pub fn new(is_loopback_allowed: bool, allowed: &[String]) -> Result<Self, InvalidEntry> {
        let allowed = allowed.iter().map(|entry| Allowed::read(entry)).collect::<Result<_, _>>()?;
        Ok(Self { allowed, is_loopback_allowed })
    }

    /// Checks an address before anything is resolved.
    pub fn check_url(&self, text: &str) -> Result<Url, Refusal> {
        let url = Url::parse(text).map_err(|_| Refusal::Malformed)?;
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Refusal::Malformed);
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        if self.is_allowed(&host.to_string(), Some(port)) {
            return Ok(url);
        }
        let is_local = self.is_loopback_allowed && is_loopback_host(&host);
        if is_local {
            return Ok(url);
        }
        let literal = match &host {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
            Host::Domain(_) => None,
        };
        if literal.is_some_and(|address| !is_public(address)) {
            return Err(Refusal::PrivateAddress);
        }
        if url.scheme() != "https" {
            return Err(Refusal::Scheme);
        }
        if PORTS.contains(&port) { Ok(url) } else { Err(Refusal::Port(port)) }
    }

    /// Checks what a name resolved to: one address that may not be called spoils all, because a name that leads both
    /// out and in is an attack or a mistake.
    pub(super) fn check_addresses(
        &self,
        host: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Result<(), Refusal> {
        if self.is_allowed(host, None) {
            return Ok(());
        }
        let mut count = 0_usize;
        for address in addresses {
            count = count.saturating_add(1);
            let is_local = self.is_loopback_allowed && address.to_canonical().is_loopback();
            if !is_local && !is_public(address) {
                return Err(Refusal::PrivateAddress);
            }
        }
        if count == 0 { Err(Refusal::NoAddress) } else { Ok(()) }
    }

    fn is_allowed(&self, host: &str, port: Option<u16>) -> bool {
        self.allowed.iter().any(|allowed| {
            let is_port = match (allowed.port, port) {
                (Some(allowed), Some(port)) => allowed == port,
                _ => true,
            };
            is_port && allowed.host.eq_ignore_ascii_case(host)
        })
    }
}

impl Allowed {
    fn read(entry: &str) -> Result<Self, InvalidEntry> {
        let invalid = || InvalidEntry(entry.to_owned());
        // The URL parser knows what a host and a port are, and gives the host the form that it has in addresses.
        let url = Url::parse(&format!("http://{entry}")).map_err(|_| invalid())?;
        let host = url.host().ok_or_else(invalid)?.to_string();
        let is_bare =
            url.path() == "/" && url.query().is_none() && url.username().is_empty() && !entry.contains('/');
        let has_port = entry.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if is_bare {
            Ok(Self { host, port: has_port.then(|| url.port().unwrap_or(80)) })
        } else {
            Err(invalid())
        }
    }
}

fn is_loopback_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether an address is one of the public internet. What is not known to be public is not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = a == 192 && b == 0 && c == 0;
    let is_relay = a == 192 && b == 88 && c == 99;
    let is_benchmark = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 240
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_protocol
        || is_relay
        || is_benchmark)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, ..] = address.segments();
    // Inside these stands an IPv4 address that decides: mapped, compatible, translated (NAT64), 6to4. None is a place
    // where a webhook lives, so none is called.
    let is_mapped = (a, b, c, d, e) == (0, 0, 0, 0, 0) && (f == 0 || f == 0xffff);
    let is_translated = a == 0x64 && b == 0xff9b;
    let is_6to4 = a == 0x2002;
    let is_teredo = a == 0x2001 && b < 0x0200;
    let is_documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    // Global unicast is 2000::/3; unique local, link-local, multicast and the rest lie outside.
    (0x2000..0x4000).contains(&a) && !(is_mapped || is_translated || is_6to4 || is_teredo || is_documentation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_reserved_addresses_are_refused() {
        let policy = EgressPolicy::default();
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12::1]",
            "[ff02::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[::7f00:1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[fec0::1]",
        ] {
            let outcome = policy.check_url(&format!("https://{host}/hook"));
            assert_eq!(outcome, Err(Refusal::PrivateAddress), "{host}");
        }
        for host in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "[2606:4700::1111]", "example.org"] {
            assert!(policy.check_url(&format!("https://{host}/hook")).is_ok(), "{host}");
        }
    }

    #[test]
    fn schemes_ports_and_credentials_are_checked() {
        let policy = EgressPolicy::default();
        assert_eq!(policy.check_url("http://example.org/"), Err(Refusal::Scheme));
        assert_eq!(policy.check_url("ftp://example.org/"), Err(Refusal::Scheme));
        assert_eq!(policy.check_url("file:///etc/passwd"), Err(Refusal::Malformed));
        assert_eq!(policy.check_url("https://example.org:22/"), Err(Refusal::Port(22)));
        assert_eq!(policy.check_url("https://a:b@example.org/"), Err(Refusal::Credentials));
        assert_eq!(policy.check_url("example.org"), Err(Refusal::Malformed));
        assert!(policy.check_url("https://example.org:8443/x?y=1").is_ok());
    }

    #[test]
    fn the_sandbox_may_call_loopback_and_no_other_private_address() {
        let policy = EgressPolicy::new(true, &[]).unwrap();
        for url in
            ["http://127.0.0.1:8000/", "http://localhost:1/", "http://[::1]:9/", "http://bot.localhost/"]
        {
            assert!(policy.check_url(url).is_ok(), "{url}");
        }
        assert_eq!(policy.check_url("http://10.0.0.1/"), Err(Refusal::PrivateAddress));
        assert_eq!(policy.check_url("http://[::ffff:127.0.0.1]/"), Err(Refusal::PrivateAddress));
    }

    #[test]
    fn the_operator_allows_by_name() {
        let policy = EgressPolicy::new(
            false,
            &["10.0.0.5".into(), "Hooks.internal:8080".into(), "[fd00::1]:80".into()],
        )
        .unwrap();
        for entry in ["", "http://x", "a/b", "a:b", "10.0.0.0/8", "user@host"] {
            assert!(EgressPolicy::new(false, &[entry.to_owned()]).is_err(), "{entry}");
        }
        for url in ["http://10.0.0.5:9000/", "http://hooks.internal:8080/x", "http://[fd00::1]/"] {
            assert!(policy.check_url(url).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.6/", "http://hooks.internal:8081/", "http://[fd00::2]/"] {
            assert!(policy.check_url(url).is_err(), "{url}");
        }
        let inside = [IpAddr::from([10, 0, 0, 7])];
        assert!(policy.check_addresses("hooks.internal", inside).is_ok());
        assert_eq!(policy.check_addresses("example.org", inside), Err(Refusal::PrivateAddress));
    }

    #[test]
    fn a_name_that_leads_out_and_in_is_refused() {
        let policy = EgressPolicy::default();
        let both = [IpAddr::from([8, 8, 8, 8]), IpAddr::from([127, 0, 0, 1])];
        assert_eq!(policy.check_addresses("example.org", both), Err(Refusal::PrivateAddress));
        assert_eq!(policy.check_addresses("example.org", []), Err(Refusal::NoAddress));
        assert!(policy.check_addresses("example.org", [IpAddr::from([8, 8, 8, 8])]).is_ok());
    }
}
