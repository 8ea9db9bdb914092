//! Imports between the files of a crate, read with `syn`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// Names of a module path below the root of the crate.
pub(super) type Module = Vec<String>;

/// Imports of a crate, test code excluded.
pub(super) struct Graph {
    /// For each file, by its module path, the files that it imports.
    pub(super) imports: BTreeMap<Module, BTreeSet<Module>>,
    /// For each type and trait the files that define one of this name.
    pub(super) types: BTreeMap<String, Vec<Module>>,
}

/// What one file refers to.
#[derive(Default)]
struct Names {
    module: Module,
    /// Types and traits that the file defines.
    types: BTreeSet<String>,
    /// Child modules that the file declares.
    children: BTreeSet<String>,
    /// Child modules for tests only.
    test_children: Vec<Module>,
    /// For each imported name the absolute path.
    imported: BTreeMap<String, Module>,
    /// The same for names that `pub use` exports.
    exported: BTreeMap<String, Module>,
    /// Absolute paths, in code and in `use`.
    used: BTreeSet<Module>,
    /// Other paths in code, whose first name may be an imported name or a child module.
    relative: BTreeSet<Vec<String>>,
}

impl Graph {
    /// Reads all files below `src`.
    pub(super) fn read(src: &Path) -> Graph {
        let mut files = BTreeMap::new();
        read_folder(src, &[], &mut files);
        let test_modules: Vec<Module> =
            files.values().flat_map(|names| names.test_children.clone()).collect();
        files.retain(|module, _| !test_modules.iter().any(|test| module.starts_with(test)));
        let imports = files.values().map(|names| (names.module.clone(), names.imports(&files)));
        let mut types: BTreeMap<String, Vec<Module>> = BTreeMap::new();
        for names in files.values() {
            for name in &names.types {
                types.entry(name.clone()).or_default().push(names.module.clone());
            }
        }
        Graph { imports: imports.collect(), types }
    }

    /// Returns the sets of files that import each other, directly or through others.
    pub(super) fn circles(&self) -> Vec<BTreeSet<&Module>> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            self.imports.keys().map(|module| (module, self.reached_from(module))).collect();
        let mut circles: Vec<BTreeSet<&Module>> = Vec::new();
        for (module, others) in &reached {
            let circle: BTreeSet<&Module> =
                others.iter().copied().filter(|other| reached[other].contains(module)).collect();
            if !circle.is_empty() && !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles
    }

    fn reached_from<'g>(&'g self, module: &Module) -> BTreeSet<&'g Module> {
        let mut reached = BTreeSet::new();
        let mut pending: Vec<&Module> = self.imports[module].iter().collect();
        while let Some(next) = pending.pop() {
            if reached.insert(next) {
                pending.extend(&self.imports[next]);
            }
        }
        reached
    }
}

fn read_folder(folder: &Path, above: &[String], files: &mut BTreeMap<Module, Names>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "tests" {
            continue;
        }
        let mut module = above.to_vec();
        if !matches!(name.as_str(), "mod" | "lib") {
            module.push(name);
        }
        if path.is_dir() {
            read_folder(&path, &module, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut names = Names { module: module.clone(), ..Names::default() };
            names.visit_file(&file);
            files.insert(module, names);
        }
    }
}

/// Returns whether the item is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().unwrap().tokens.to_string();
        condition == "test" || condition.starts_with("all") && condition.contains("test")
    })
}

impl Names {
    /// Returns the absolute path, if it is known to be one of this crate.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.module.clone(),
            "super" => {
                let above = &self.module[..self.module.len().checked_sub(1)?];
                if rest.first().is_some_and(|next| next == "super") {
                    let outer = Names { module: above.to_vec(), ..Names::default() };
                    return outer.absolute(rest);
                }
                above.to_vec()
            }
            child if self.children.contains(child) => [&self.module[..], &path[..1]].concat(),
            name => self.imported.get(name)?.clone(),
        };
        base.extend_from_slice(rest);
        Some(base)
    }

    fn add_use(&mut self, prefix: &[String], tree: &UseTree, is_exported: bool) {
        let (name, path) = match tree {
            UseTree::Path(path) => {
                let prefix = [prefix, &[path.ident.to_string()]].concat();
                return self.add_use(&prefix, &path.tree, is_exported);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_use(prefix, tree, is_exported));
                return;
            }
            UseTree::Glob(_) => ("*".to_owned(), prefix.to_vec()),
            UseTree::Name(name) if name.ident == "self" => {
                (prefix.last().unwrap().clone(), prefix.to_vec())
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                (name.clone(), [prefix, &[name]].concat())
            }
            UseTree::Rename(rename) => {
                let path = match rename.ident == "self" {
                    true => prefix.to_vec(),
                    false => [prefix, &[rename.ident.to_string()]].concat(),
                };
                (rename.rename.to_string(), path)
            }
        };
        let Some(path) = self.absolute(&path) else { return };
        if is_exported {
            self.exported.insert(name.clone(), path.clone());
        }
        self.used.insert(path.clone());
        self.imported.insert(name, path);
    }

    fn add_path(&mut self, path: Vec<String>) {
        if path.len() > 1 {
            self.relative.insert(path);
        }
    }

    /// Returns the files that this one imports. A file that only exports names of its children imports
    /// them too, but a file that imports such a name imports the file that defines it.
    fn imports(&self, files: &BTreeMap<Module, Names>) -> BTreeSet<Module> {
        let relative = self.relative.iter().filter_map(|path| self.absolute(path));
        // A module may export what it imports from its children without using it.
        let used = self.used.iter().filter(|path| !self.exported.values().any(|it| it == *path));
        let all = used.cloned().chain(relative).map(|path| defining_file(&path, files));
        all.filter(|module| *module != self.module).collect()
    }
}

/// Returns the file that defines the item, exports followed.
fn defining_file(path: &[String], files: &BTreeMap<Module, Names>) -> Module {
    for at in 0..path.len() {
        let (module, rest) = path.split_at(at);
        let is_file = files.contains_key(&path[..=at]);
        if let Some(names) = files.get(module).filter(|_| !is_file)
            && let Some(defined) = names.exported.get(&rest[0])
        {
            return defining_file(&[&defined[..], &rest[1..]].concat(), files);
        }
    }
    let len = (0..=path.len()).rev().find(|len| files.contains_key(&path[..*len]));
    path[..len.unwrap_or_default()].to_vec()
}

/// Removes string literals from code. Documentation is one too.
fn without_strings(code: &str) -> String {
    let code = code.replace("'\"'", " ").replace("\\\\", " ").replace("\\\"", " ");
    code.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

impl<'ast> Visit<'ast> for Names {
    fn visit_file(&mut self, file: &'ast syn::File) {
        for item in &file.items {
            if let Item::Mod(ItemMod { ident, content: None, attrs, .. }) = item {
                if is_test(attrs) {
                    self.test_children.push([&self.module[..], &[ident.to_string()]].concat());
                } else {
                    self.children.insert(ident.to_string());
                }
            }
        }
        visit::visit_file(self, file);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let (name, attributes) = match item {
            Item::Struct(item) => (&item.ident, &item.attrs),
            Item::Enum(item) => (&item.ident, &item.attrs),
            Item::Trait(item) => (&item.ident, &item.attrs),
            Item::Type(item) => (&item.ident, &item.attrs),
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            self.types.insert(name.to_string());
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            let is_exported = !matches!(item.vis, Visibility::Inherited);
            self.add_use(&[], &item.tree, is_exported);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add_path(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// The arguments of a macro are tokens: names that `::` joins are a path.
    fn visit_macro(&mut self, item: &'ast Macro) {
        let text = without_strings(&item.tokens.to_string());
        let mut path: Vec<String> = Vec::new();
        let mut is_joined = false;
        for part in text.replace("::", " :: ").split_whitespace() {
            if part == "::" {
                is_joined = true;
                continue;
            }
            let is_name =
                |part: &str| part.chars().all(|char| char.is_alphanumeric() || char == '_');
            let mut name = part.split(|char: char| !(char.is_alphanumeric() || char == '_'));
            let (first, last) = (name.clone().next().unwrap(), name.next_back().unwrap());
            if is_joined && !first.is_empty() {
                path.push(first.to_owned());
            }
            if !(is_joined && is_name(part)) {
                self.add_path(std::mem::take(&mut path));
                path.push(last.to_owned());
            }
            is_joined = false;
        }
        self.add_path(path);
        visit::visit_macro(self, item);
    }
}
