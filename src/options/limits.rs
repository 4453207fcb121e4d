//! Options that limit what a policy may use while it runs.

use std::time::Duration;

use bytesize::ByteSize;

use crate::runtime::Limits;

/// Options that limit what a policy may use while it runs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Stop the policy after this time, such as `2s` or `500ms`; `none` means no limit, as with `kwctl` [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    time_limit: Option<TimeLimit>,
    /// Stop the policy if it needs more memory than this, such as `256MiB`
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    memory_limit: usize,
    /// Stop the policy if it writes more than this to stdout or to stderr, such as `16MiB`
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = parse_size)]
    output_limit: usize,
}

impl From<LimitArgs> for Limits {
    fn from(args: LimitArgs) -> Self {
        args.with_time(None)
    }
}

impl LimitArgs {
    /// The limits, with the time that a resource sets unless the user has set one.
    pub(crate) fn with_time(self, of_resource: Option<Duration>) -> Limits {
        let default = of_resource.or(Limits::default().time);
        Limits {
            time: self.time_limit.map_or(default, |TimeLimit(time)| time),
            memory_bytes: self.memory_limit,
            output_bytes: self.output_limit,
        }
    }
}

/// `None` if the limit is `none`. It has its own type, because clap reads an `Option` as an option that may be
/// absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeLimit(Option<Duration>);

/// Parses a time with its unit, a number of seconds, or `none`.
fn parse_time_limit(typed: &str) -> Result<TimeLimit, String> {
    let typed = typed.to_ascii_lowercase();
    if typed == "none" {
        return Ok(TimeLimit(None));
    }
    let time = match typed.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(&typed).ok(),
    };
    time.filter(|time| !time.is_zero())
        .map(|time| TimeLimit(Some(time)))
        .ok_or_else(|| "expected a time greater than zero, such as `2s` or `500ms`, or `none`".to_owned())
}

/// Parses a size with its unit, or a number of bytes: `MB` is a million, `MiB` is 1024 times 1024.
fn parse_size(typed: &str) -> Result<usize, String> {
    // The memory of 32-bit WebAssembly ends at 4 GiB.
    let size = typed.parse::<ByteSize>().ok().filter(|size| (1..1 << 40).contains(&size.as_u64()));
    size.and_then(|size| size.as_u64().try_into().ok())
        .ok_or_else(|| "expected a size, such as `256MiB` or `64KiB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let milliseconds =
            |typed| parse_time_limit(typed).map(|TimeLimit(time)| time.map(|it| it.as_millis()));
        assert_eq!(milliseconds("2"), Ok(Some(2000)));
        assert_eq!(milliseconds("0.5s"), Ok(Some(500)));
        assert_eq!(milliseconds("500ms"), Ok(Some(500)));
        assert_eq!(milliseconds("2 m"), Ok(Some(120_000)));
        assert_eq!(milliseconds("1m 30S"), Ok(Some(90_000)));
        assert_eq!(milliseconds("none"), Ok(None));
        for wrong in ["", "0", "-1s", "s", "1.2.3", "2x", "1e3", "99999999999999999999h"] {
            assert!(parse_time_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("1"), Ok(1));
        assert_eq!(parse_size("64KiB"), Ok(65_536));
        assert_eq!(parse_size("1.5 mib"), Ok(1_572_864));
        assert_eq!(parse_size("2GB"), Ok(2_000_000_000));
        for wrong in ["", "0", "-1", "many", "1TiB", "1e9", "99999999GiB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
