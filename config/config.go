// Package config reads the settings of commands from a file, beside flags and variables, and tells where each setting comes from.
// The file is YAML, and so may be JSON. Flags go before variables, and variables before the file.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// File is a file of settings. A key is the name of a flag, without dashes before it; one under the name of a command is of that command alone:
//
//	data: /var/lib/akin
//	serve:
//	  listen: 127.0.0.1:7411
//
// What holds for some commands only is passed over by the others.
type File struct {
	name     string
	settings map[string]*yaml.Node            // of all commands
	commands map[string]map[string]*yaml.Node // of one
	lines    map[string]int                   // where the names of commands stand
	used     map[*kong.Value]string           // where the value of a flag was found
}

// Read reads a file.
func Read(name string) (*File, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := &File{name: name, settings: map[string]*yaml.Node{}, commands: map[string]map[string]*yaml.Node{}, lines: map[string]int{}, used: map[*kong.Value]string{}}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) { // it is empty
		return f, nil
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is something after the settings: %v", name, err)
	}
	return f, f.read(document.Content[0])
}

func (f *File) read(top *yaml.Node) error {
	if top.Kind != yaml.MappingNode {
		return f.at(top, "settings are lines of NAME: VALUE")
	}
	return f.pairs(top, func(key, value *yaml.Node) error {
		if value.Kind != yaml.MappingNode {
			f.settings[key.Value] = value
			return nil
		}
		section := map[string]*yaml.Node{}
		f.commands[key.Value], f.lines[key.Value] = section, key.Line
		return f.pairs(value, func(key, value *yaml.Node) error {
			section[key.Value] = value
			return nil
		})
	})
}

func (f *File) pairs(mapping *yaml.Node, take func(key, value *yaml.Node) error) error {
	var seen []string
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if slices.Contains(seen, key.Value) {
			return f.at(key, "%q is there twice", key.Value)
		}
		seen = append(seen, key.Value)
		if err := take(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) at(node *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.name, node.Line, fmt.Sprintf(format, args...))
}

// Validate refuses a key that no command has as a flag: a setting that is misspelt must not pass for one that is not given.
func (f *File) Validate(app *kong.Application) error {
	all := map[string]bool{}
	collect(app.Node, all)
	for _, key := range sorted(f.settings) {
		if !all[key] {
			return f.at(f.settings[key], "%q is no setting of akin%s", key, alike(key, all))
		}
	}
	for _, command := range sorted(f.commands) {
		i := slices.IndexFunc(app.Children, func(n *kong.Node) bool { return n.Name == command })
		if i < 0 {
			return fmt.Errorf("%s:%d: %q is neither a command of akin nor a setting with one value", f.name, f.lines[command], command)
		}
		own := map[string]bool{}
		collect(app.Children[i], own)
		for _, key := range sorted(f.commands[command]) {
			if !own[key] {
				return f.at(f.commands[command][key], "%q is no setting of akin %s%s", key, command, alike(key, own))
			}
		}
	}
	return nil
}

// collect names the flags of a command and of those below it.
func collect(node *kong.Node, names map[string]bool) {
	for _, flag := range node.Flags {
		if !ofCommandLine[flag.Name] {
			names[flag.Name] = true
		}
	}
	for _, child := range node.Children {
		collect(child, names)
	}
}

// ofCommandLine are flags that make no sense in a file.
var ofCommandLine = map[string]bool{"help": true, "config": true, "print-config": true}

// alike names a setting that was probably meant.
func alike(key string, names map[string]bool) string {
	plain := func(name string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)) }
	for _, name := range sorted(names) {
		if plain(name) == plain(key) {
			return fmt.Sprintf(": it is spelt %q", name)
		}
	}
	return ""
}

// Resolve gives a flag the value of the file, where neither the command line nor a variable has set it.
func (f *File) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if ofCommandLine[flag.Name] || variable(flag) != "" {
		return nil, nil
	}
	node, ok := f.commands[commandOf(ctx)][flag.Name]
	if !ok {
		node, ok = f.settings[flag.Name]
	}
	if !ok || node.Tag == "!!null" {
		return nil, nil
	}
	text, err := f.text(node)
	if err != nil {
		return nil, err
	}
	if err := try(flag, text); err != nil {
		return nil, f.at(node, "%s: %v", flag.Name, err)
	}
	f.used[flag.Value] = fmt.Sprintf("%s:%d", f.name, node.Line)
	return text, nil
}

// try reads a value as kong will, to say where it stands if it is wrong.
func try(flag *kong.Flag, text string) error {
	scratch := newValue(flag.Target.Type())
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: kong.Scan().PushTyped(text, kong.FlagValueToken)}, scratch)
}

// text is a value as a flag is given it.
func (f *File) text(node *yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.SequenceNode:
		var parts []string
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return "", f.at(item, "a list is of plain values")
			}
			parts = append(parts, item.Value)
		}
		return kong.JoinEscaped(parts, ','), nil
	}
	return "", f.at(node, "a setting is a plain value, or a list of them")
}

// commandOf is the command's name, of the first level.
func commandOf(ctx *kong.Context) string {
	for _, element := range ctx.Path {
		if element.Command != nil {
			return element.Command.Name
		}
	}
	return ""
}

// variable is the one that sets a flag, "" if there is none.
func variable(flag *kong.Flag) string {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return name
		}
	}
	return ""
}
