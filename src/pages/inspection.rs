//! The page of `inspect`, which shows what is in a module.

use std::collections::BTreeSet;

use bytesize::ByteSize;
use serde_json::Value;

use super::page::Page;
use crate::finding::tally;
use crate::metadata::key;
use crate::module::METADATA_SECTION;
use crate::module::inspection::{Inspection, ModuleKind};
use crate::policy_source::ModuleOrigin;
use crate::shell::Shell;
use crate::untrusted::printable;

/// Returns a page that shows what is in a module.
pub(crate) fn inspection(inspection: &Inspection, origin: &ModuleOrigin, shell: &Shell) -> String {
    let mut page = Page::new(shell.paint_results());
    head(inspection, origin, &mut page);
    if let Some(metadata) = &inspection.metadata {
        modes(metadata, &mut page);
        rules(metadata, &mut page);
        host_access(metadata, &mut page);
        annotations(metadata, &mut page);
    }
    sizes(inspection, &mut page);
    imports(inspection, &mut page);
    exports(inspection, &mut page);
    page.title("Contract");
    page.line("", &contract(inspection));
    if let Some(usage) = annotation(inspection, key::USAGE) {
        page.title("Usage");
        match shell.has_reader_of_results() {
            true => page.paragraphs(&shell.markdown(usage)),
            false => page.paragraphs(printable(usage).trim_end()),
        }
    }
    page.finish()
}

fn annotation<'a>(inspection: &'a Inspection, key: &str) -> Option<&'a str> {
    let value = inspection.metadata.as_ref()?["annotations"][key].as_str()?;
    Some(value).filter(|value| !value.is_empty())
}

fn head(inspection: &Inspection, origin: &ModuleOrigin, page: &mut Page) {
    match (annotation(inspection, key::TITLE), annotation(inspection, key::VERSION)) {
        (Some(title), Some(version)) => page.title(&format!("{title} v{version}")),
        (Some(title), None) => page.title(title),
        (None, _) => page.title(&origin.shown().display().to_string()),
    }
    match origin {
        ModuleOrigin::File(path) => page.line("file", &path.display().to_string()),
        ModuleOrigin::Registry { reference, digest } => {
            page.line("reference", &reference.to_string());
            page.line("digest", digest);
        }
    }
    page.line("sha256", &inspection.sha256);
    page.line("kind", &inspection.kind.to_string());
}

/// Adds single values of the metadata, or Kubewarden's defaults for them.
fn modes(metadata: &Value, page: &mut Page) {
    let text = |key: &str| metadata[key].as_str();
    let yes_no = |key: &str, default| if metadata[key].as_bool().unwrap_or(default) { "yes" } else { "no" };
    page.line("execution mode", text("executionMode").unwrap_or("kubewarden-wapc (by default)"));
    page.line("policy type", text("policyType").unwrap_or("kubernetes"));
    page.line("mutating", yes_no("mutating", false));
    page.line("background audit", yes_no("backgroundAudit", true));
    if let Some(version) = text("minimumKubewardenVersion") {
        page.line("needs Kubewarden", &format!("{version} or later"));
    }
    if let Some(tool) = metadata["annotations"][key::ANNOTATED_BY].as_str() {
        page.line("annotated by", tool);
    }
}

fn rules(metadata: &Value, page: &mut Page) {
    let rules = items(&metadata["rules"]);
    if !rules.is_empty() {
        page.title("Rules");
    }
    for rule in rules {
        page.line(&list(&rule["operations"]), &resources(rule));
    }
}

/// Formats the resources of a rule: `pods, pods/exec (v1)`, `deployments (apps/v1)`.
fn resources(rule: &Value) -> String {
    let mut apis = Vec::new();
    for group in items(&rule["apiGroups"]) {
        for version in items(&rule["apiVersions"]) {
            let version = version.as_str().unwrap_or("?");
            apis.push(match group.as_str() {
                Some("") => version.to_owned(),
                group => format!("{}/{version}", group.unwrap_or("?")),
            });
        }
    }
    format!("{} ({})", list(&rule["resources"]), apis.join(", "))
}

/// Adds what the policy needs from its host.
fn host_access(metadata: &Value, page: &mut Page) {
    let resources = items(&metadata["contextAwareResources"]);
    if !resources.is_empty() {
        page.title("Reads from the cluster");
    }
    for resource in resources {
        let text = |key: &str| resource[key].as_str().unwrap_or("?");
        page.line(text("apiVersion"), text("kind"));
    }
    let capabilities = &metadata["hostCapabilities"];
    if !items(capabilities).is_empty() {
        page.title("Host capabilities");
        page.line("", &list(capabilities));
    }
}

fn annotations(metadata: &Value, page: &mut Page) {
    let Some(annotations) = metadata["annotations"].as_object() else { return };
    page.title("Annotations");
    let elsewhere = [key::USAGE, key::ANNOTATED_BY];
    for (key, value) in annotations.iter().filter(|(key, _)| !elsewhere.contains(&key.as_str())) {
        page.block(key, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn list(value: &Value) -> String {
    items(value).iter().map(|item| item.as_str().unwrap_or("?")).collect::<Vec<_>>().join(", ")
}

fn sizes(inspection: &Inspection, page: &mut Page) {
    page.title("Size");
    let total = inspection.size_bytes;
    let sizes = &inspection.sizes;
    let known = ["name", METADATA_SECTION];
    let custom = inspection.sections.iter().filter(|section| section.custom).map(|it| it.name.as_str());
    let custom = custom.filter(|name| !known.contains(name)).collect::<Vec<_>>().join(", ");
    for (name, bytes, note) in [
        ("code", sizes.code, ""),
        ("data", sizes.data, ""),
        ("names", sizes.names, ""),
        ("metadata", sizes.metadata, ""),
        ("custom", sizes.custom, &custom),
        ("other", sizes.other, ""),
    ] {
        // In tenths of a percent; an empty file has no parts.
        let tenths = (bytes * 1000 + total / 2).checked_div(total).unwrap_or(0);
        let percent = format!("{}.{} %", tenths / 10, tenths % 10);
        page.line(name, format!("{bytes:>10} bytes {percent:>8}  {note}").trim_end());
    }
    let size = ByteSize::b(total as u64).display().si();
    page.line("total", &format!("{total:>10} bytes  ({size})"));
}

fn imports(inspection: &Inspection, page: &mut Page) {
    let imports = &inspection.imports;
    if !imports.is_empty() {
        page.title("Imports");
    }
    for module in imports.iter().map(|import| import.module.as_str()).collect::<BTreeSet<_>>() {
        let names =
            imports.iter().filter(|import| import.module == module).map(|import| import.name.as_str());
        page.block(module, &names.collect::<Vec<_>>().join(", "));
    }
}

fn exports(inspection: &Inspection, page: &mut Page) {
    if !inspection.exports.is_empty() {
        page.title("Exports");
    }
    for export in &inspection.exports {
        page.line(export.kind, &export.name);
    }
}

fn contract(inspection: &Inspection) -> String {
    match &inspection.kind {
        ModuleKind::Wasi | ModuleKind::Component | ModuleKind::Unannotated(_)
            if !inspection.findings.is_empty() =>
        {
            format!("{}: see below", tally(&inspection.findings))
        }
        ModuleKind::Wasi => "good: a Kubewarden host can load it".to_owned(),
        _ => "not checked: this tool is for WASI policies; `kwctl` runs and pushes policies of every kind"
            .to_owned(),
    }
}
