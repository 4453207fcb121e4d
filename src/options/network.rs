//! Options that restrict network access and changes to files.

use super::PackagesArgs;
use crate::build::BuildRequest;
use crate::project::{Compile, Network};

/// Options that restrict network access and changes to files, as in cargo's own commands.
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

/// Options for policies of projects that are read and not compiled.
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
