//! The names of findings, which `docs/findings.md` explains.

use std::fmt;

use serde::{Serialize, Serializer};

/// Declares the enum, its strings, and a list of all names for the test.
macro_rules! finding_names {
    ($($variant:ident = $name:literal,)*) => {
        /// The name of what is wrong: short, stable and unique, so that users can look it up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum FindingName {
            $($variant,)*
        }

        impl FindingName {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as users see it, such as `unknown-key`.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

finding_names! {
    AnnotatedTwice = "annotated-twice",
    ArtifacthubInvalid = "artifacthub-invalid",
    ArtifacthubMissing = "artifacthub-missing",
    AuthorWithoutAddress = "author-without-address",
    ByteOrderMark = "byte-order-mark",
    Component = "component",
    ConflictingResources = "conflicting-resources",
    Contradiction = "contradiction",
    CoveredResource = "covered-resource",
    DuplicateKey = "duplicate-key",
    DuplicateName = "duplicate-name",
    EmptyList = "empty-list",
    EmptyRules = "empty-rules",
    EmptyText = "empty-text",
    ExecutionMode = "execution-mode",
    InvalidAnnotation = "invalid-annotation",
    InvalidAuthor = "invalid-author",
    InvalidFixture = "invalid-fixture",
    InvalidHiddenUi = "invalid-hidden-ui",
    InvalidKeywords = "invalid-keywords",
    InvalidModule = "invalid-module",
    InvalidNameInRule = "invalid-name-in-rule",
    InvalidOciUrl = "invalid-oci-url",
    InvalidRegex = "invalid-regex",
    InvalidRequest = "invalid-request",
    InvalidTitle = "invalid-title",
    InvalidUrl = "invalid-url",
    InvalidVersion = "invalid-version",
    InvalidYaml = "invalid-yaml",
    LegacyContextAware = "legacy-context-aware",
    LongMetadata = "long-metadata",
    MissingKey = "missing-key",
    MissingRegistry = "missing-registry",
    MissingRequest = "missing-request",
    MissingTitle = "missing-title",
    MissingVersion = "missing-version",
    NamespacedClusterResource = "namespaced-cluster-resource",
    NestedLoops = "nested-loops",
    NoMemory = "no-memory",
    NotACommand = "not-a-command",
    NotAnnotated = "not-annotated",
    ResourceInAnotherGroup = "resource-in-another-group",
    StartType = "start-type",
    UnknownCheck = "unknown-check",
    UnknownImport = "unknown-import",
    UnknownKey = "unknown-key",
    UnknownOperation = "unknown-operation",
    UnknownPolicyType = "unknown-policy-type",
    UnknownProtocolVersion = "unknown-protocol-version",
    UnknownResource = "unknown-resource",
    UnknownSeverity = "unknown-severity",
    Unreadable = "unreadable",
    UnreadableFile = "unreadable-file",
    UnreadableMetadata = "unreadable-metadata",
    VersionLine = "version-line",
    VersionMismatch = "version-mismatch",
    VersionWithBuild = "version-with-build",
    WapcImport = "wapc-import",
    WildcardNotAlone = "wildcard-not-alone",
    WrongType = "wrong-type",
}

impl fmt::Display for FindingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FindingName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::FindingName;

    /// Returns the names in the first column of each table of the document.
    fn documented() -> Vec<Vec<&'static str>> {
        let sections = include_str!("../../docs/findings.md").split("\n## ").skip(1);
        let name = |line: &'static str| line.strip_prefix("| `")?.split('`').next();
        sections.map(|section| section.lines().filter_map(name).collect()).collect()
    }

    #[test]
    fn every_finding_is_documented_and_every_documented_one_exists() {
        let mut documented = documented().concat();
        documented.sort_unstable();
        documented.dedup();
        let existing: Vec<_> = FindingName::ALL.iter().map(|name| name.as_str()).collect();
        assert_eq!(documented, existing);
    }

    #[test]
    fn each_table_is_in_alphabetical_order_without_repetition() {
        for names in documented() {
            assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        }
    }
}
