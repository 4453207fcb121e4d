//! What a policy may use while it runs.

use std::time::Duration;

use crate::runtime::Limits;

/// What a policy may use while it runs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Stop the policy after this time: `2s`, `500ms`; `none` lets it run, as `kwctl` does
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time_limit)]
    time_limit: TimeLimit,
    /// Stop the policy when it wants more memory: `256MiB`
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    memory_limit: usize,
    /// Stop the policy when it writes more to stdout, or to stderr: `16MiB`
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = parse_size)]
    output_limit: usize,
}

impl From<LimitArgs> for Limits {
    fn from(args: LimitArgs) -> Self {
        Self { time: args.time_limit.0, memory_bytes: args.memory_limit, output_bytes: args.output_limit }
    }
}

/// `None` when it is `none`. In a type of its own, since clap takes a plain `Option` for what may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeLimit(Option<Duration>);

/// A number of seconds, or of what the unit says; or `none`.
fn parse_time_limit(typed: &str) -> Result<TimeLimit, String> {
    if typed.eq_ignore_ascii_case("none") {
        return Ok(TimeLimit(None));
    }
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)];
    with_unit(typed, &UNITS)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .map(|time| TimeLimit(Some(time)))
        .ok_or_else(|| "write a time longer than nothing, such as `2s` or `500ms`, or `none`".to_owned())
}

/// A number of bytes, or of what the unit says: `MB` is a million, `MiB` is 1024 times 1024.
fn parse_size(typed: &str) -> Result<usize, String> {
    const UNITS: [(&str, f64); 8] = [
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("B", 1.0),
        ("", 1.0),
    ];
    match with_unit(typed, &UNITS) {
        // A memory of 32-bit WebAssembly ends at four gibibytes.
        Some(bytes) if (1.0..=(1_u64 << 40) as f64).contains(&bytes) => Ok(bytes as usize),
        _ => Err("write a size, such as `256MiB` or `64KiB`".to_owned()),
    }
}

fn with_unit(typed: &str, units: &[(&str, f64)]) -> Option<f64> {
    let digits = typed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(typed.len());
    let (number, unit) = typed.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<f64>().ok().map(|number| number * factor)
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
        assert_eq!(milliseconds("none"), Ok(None));
        for wrong in ["", "0", "-1s", "s", "1.2.3", "2d", "1e3", "99999999999999999999h"] {
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
