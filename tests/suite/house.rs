//! The source is structured as `docs/architecture.md` describes, and its files and functions are short.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// A longer function should be split: usually it hides a type.
const FUNCTION_LINES: usize = 60;
/// So should a longer file, unless it is data.
const FILE_LINES: usize = 400;
const DATA: [&str; 1] = ["kubernetes/builtin.rs"];

/// One file of `src`.
struct Source {
    /// `registry/client.rs`
    path: String,
    /// `["registry", "client"]`
    module: Vec<String>,
    lines: usize,
    /// The paths that it uses, from the root of the crate.
    uses: BTreeSet<Vec<String>>,
    /// The names that it re-exports, with the path of each.
    reexports: BTreeMap<String, Vec<String>>,
    types: Vec<String>,
    long_functions: Vec<String>,
}

impl Source {
    fn read(root: &Path, path: String) -> Self {
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut module: Vec<_> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
            && module.len() > 1
        {
            module.pop();
        }
        let mut found = Self {
            module,
            lines: text.lines().take_while(|line| *line != "#[cfg(test)]").count(),
            path,
            uses: BTreeSet::new(),
            reexports: BTreeMap::new(),
            types: Vec::new(),
            long_functions: Vec::new(),
        };
        found.visit_file(&file);
        found
    }

    /// The layer of the file: the first part of its path.
    fn layer(&self) -> &str {
        &self.module[0]
    }

    /// Makes `super::x` and `self::x` start at the root of the crate; `None` for paths of other crates.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut at = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ => return None,
        };
        for part in path {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                part => at.push(part.to_owned()),
            }
        }
        Some(at)
    }

    fn take(&mut self, path: &[String]) {
        if let Some(path) = self.absolute(path) {
            self.uses.insert(path);
        }
    }
}

/// All paths of a `use`, each with the name it gets here.
fn paths_of(tree: &UseTree, so_far: &[String], paths: &mut Vec<(Vec<String>, String)>) {
    let with = |name: &syn::Ident| so_far.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    match tree {
        UseTree::Path(path) => paths_of(&path.tree, &with(&path.ident), paths),
        UseTree::Name(name) => paths.push((with(&name.ident), name.ident.to_string())),
        UseTree::Rename(rename) => paths.push((with(&rename.ident), rename.rename.to_string())),
        UseTree::Glob(_) => paths.push((so_far.to_vec(), "*".to_owned())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| paths_of(tree, so_far, paths)),
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
    })
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes_of(item)) {
            return;
        }
        match item {
            Item::Struct(item) => self.types.push(item.ident.to_string()),
            Item::Enum(item) => self.types.push(item.ident.to_string()),
            Item::Trait(item) => self.types.push(item.ident.to_string()),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut paths = Vec::new();
        paths_of(&item.tree, &[], &mut paths);
        let is_reexport = !matches!(item.vis, syn::Visibility::Inherited);
        for (path, name) in paths {
            // A path without `crate` or `self` is that of a submodule or of another crate.
            if is_reexport && !matches!(path[0].as_str(), "crate" | "self" | "super") {
                let below = self.module.iter().cloned().chain(path).collect();
                self.reexports.insert(name, below);
            } else if is_reexport {
                let from = self.absolute(&path).unwrap();
                self.reexports.insert(name, from.clone());
                self.uses.insert(from);
            } else {
                self.take(&path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        // `Self` and `self` are not modules.
        if parts.len() > 1 && matches!(parts[0].as_str(), "crate" | "super") {
            self.take(&parts);
        }
        visit::visit_path(self, path);
    }

    fn visit_signature(&mut self, _: &'ast syn::Signature) {}

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

impl Source {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.brace_token.span.close().end().line - signature.fn_token.span.start().line + 1;
        if lines > FUNCTION_LINES {
            self.long_functions.push(format!("{}: `{}` has {lines} lines", self.path, signature.ident));
        }
    }
}

/// All files of `src` except those that contain only tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = crate::support::files_below(&root);
    let sources: Vec<_> = files
        .into_iter()
        .filter(|path| path.ends_with(".rs") && !path.ends_with("tests.rs") && !path.contains("/tests/"))
        .map(|path| Source::read(&root, path))
        .collect();
    assert!(sources.len() > 50, "{} files were found", sources.len());
    sources
}

/// The file that defines a path of the crate: that of the longest prefix that is a module. Re-exports are followed.
fn file_of<'a>(path: &[String], by_module: &BTreeMap<&[String], &'a Source>) -> Option<&'a Source> {
    let (depth, source) =
        (1..=path.len()).rev().find_map(|depth| Some((depth, *by_module.get(&path[..depth])?)))?;
    match path.get(depth).and_then(|name| source.reexports.get(name)) {
        Some(from) if from.as_slice() != path => file_of(from, by_module).or(Some(source)),
        _ => Some(source),
    }
}

/// Which files each file uses, by path.
fn arrows(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let by_module: BTreeMap<&[String], &Source> =
        sources.iter().map(|source| (source.module.as_slice(), source)).collect();
    let targets = |source: &Source| {
        let files = source.uses.iter().filter_map(|path| file_of(path, &by_module));
        files.map(|file| file.path.as_str()).filter(|path| *path != source.path).collect()
    };
    sources.iter().map(|source| (source.path.as_str(), targets(source))).collect()
}

/// The layers of `docs/architecture.md`, from the top down.
fn layers() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = std::fs::read_to_string(page).unwrap();
    let names = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let layers: Vec<_> =
        names.map(|(layer, _)| layer.trim_end_matches('/').trim_end_matches(".rs").to_owned()).collect();
    assert!(layers.len() > 10, "{layers:?}");
    layers
}

#[test]
fn calls_between_layers_point_downwards() {
    let layers = layers();
    let place = |layer: &str| layers.iter().position(|name| name == layer);
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != "lib.rs") {
        let Some(from) = place(source.layer()) else {
            wrong.push(format!("{}: docs/architecture.md does not list `{}`", source.path, source.layer()));
            continue;
        };
        for path in &source.uses {
            let to = &path[0];
            if place(to).is_some_and(|to| to < from) {
                wrong.push(format!("{}: uses {}, which is above it", source.path, path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn verbs_do_not_know_each_other() {
    let sources = sources();
    let wrong: Vec<_> = arrows(&sources)
        .into_iter()
        .filter(|(from, _)| from.starts_with("commands/"))
        .flat_map(|(from, to)| to.into_iter().map(move |to| (from, to)))
        .filter(|(_, to)| to.starts_with("commands/") || *to == "cli.rs")
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A module and its submodules count as one: `mod.rs` contains what they share.
#[test]
fn files_do_not_use_each_other_in_a_circle() {
    let sources = sources();
    let mut arrows = arrows(&sources);
    for (from, targets) in &mut arrows {
        targets.retain(|to| !is_front_of(to, from) && !is_front_of(from, to));
    }
    let reaches_itself = |start: &&&str| {
        let mut seen = BTreeSet::new();
        let mut next = vec![**start];
        while let Some(file) = next.pop() {
            next.extend(arrows.get(file).into_iter().flatten().filter(|to| seen.insert(**to)));
        }
        seen.contains(**start)
    };
    let circles: Vec<_> = arrows.keys().filter(reaches_itself).map(|from| (from, &arrows[from])).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Whether one file is the `mod.rs` of a folder that contains the other.
fn is_front_of(front: &str, file: &str) -> bool {
    let folder = front
        .strip_suffix("mod.rs")
        .map(str::to_owned)
        .or_else(|| Some(front.strip_suffix(".rs")?.to_owned() + "/"));
    folder.is_some_and(|folder| file != front && file.starts_with(&folder))
}

#[test]
fn a_type_name_means_one_thing() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for name in source.types {
            places.entry(name).or_default().push(source.path.clone());
        }
    }
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn functions_and_files_are_short() {
    let mut wrong = Vec::new();
    for source in sources() {
        wrong.extend(source.long_functions);
        if source.lines > FILE_LINES && !DATA.contains(&source.path.as_str()) {
            wrong.push(format!("{} has {} lines", source.path, source.lines));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
