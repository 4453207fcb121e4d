//! Proxies, as the environment names them. What is on this machine is reached without one.

/// Which proxy for what.
pub(super) struct Proxies {
    /// For plain HTTP.
    pub(super) http: Option<String>,
    /// For HTTPS.
    pub(super) https: Option<String>,
    /// Hosts that are reached without, in the form of `NO_PROXY`.
    pub(super) exempt: String,
}

/// Those of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the same in lower case.
pub(super) fn from_environment() -> Proxies {
    of(|name| std::env::var(name).ok())
}

fn of(variable: impl Fn(&str) -> Option<String>) -> Proxies {
    let find = |name: &str| {
        let values = [name.to_lowercase(), name.to_owned()];
        values.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty())
    };
    let all = find("ALL_PROXY");
    // As Docker and Go have it: a password for this machine does not go to another first.
    let mut exempt = "localhost,127.0.0.0/8,::1".to_owned();
    if let Some(others) = find("NO_PROXY") {
        exempt = format!("{exempt},{others}");
    }
    Proxies { http: find("HTTP_PROXY").or_else(|| all.clone()), https: find("HTTPS_PROXY").or(all), exempt }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_never_behind_a_proxy() {
        let set = |name: &str| match name {
            "http_proxy" => Some("http://small:1".to_owned()),
            "HTTP_PROXY" => Some("http://capital:1".to_owned()),
            "ALL_PROXY" => Some("http://all:1".to_owned()),
            "NO_PROXY" => Some("example.com".to_owned()),
            _ => None,
        };
        let proxies = of(set);
        assert_eq!(proxies.http.as_deref(), Some("http://small:1"));
        assert_eq!(proxies.https.as_deref(), Some("http://all:1"));
        assert_eq!(proxies.exempt, "localhost,127.0.0.0/8,::1,example.com");
        let proxies = of(|_| None);
        assert_eq!((proxies.http, proxies.https), (None, None));
    }
}
