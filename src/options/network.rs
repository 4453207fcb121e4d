//! What may be fetched and changed.

use super::PackagesArgs;
use crate::build::BuildRequest;
use crate::project::{Compile, Network};

/// What may be fetched and changed, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
pub(crate) struct NetworkArgs {
    /// Fail instead of changing Cargo.lock, go.mod or metadata.yml
    #[arg(long)]
    locked: bool,
    /// Run without accessing the network
    #[arg(long)]
    offline: bool,
    /// Equivalent to `--locked --offline`
    #[arg(long)]
    frozen: bool,
}

/// The policies of projects, which are read and not compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct UncompiledArgs {
    #[command(flatten)]
    packages: PackagesArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

impl From<UncompiledArgs> for BuildRequest {
    fn from(args: UncompiledArgs) -> Self {
        let compile = Compile { network: args.network.into(), ..Compile::default() };
        Self::new(args.packages.into(), compile)
    }
}

impl From<NetworkArgs> for Network {
    fn from(args: NetworkArgs) -> Self {
        Self { locked: args.locked, offline: args.offline, frozen: args.frozen }
    }
}
