package config

import (
	"cmp"
	"encoding"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// Print writes all settings of a command, and where each comes from, as a file that Read takes. Passwords within URLs are left out; of the variables that hold secrets it tells whether
// they are set. There need be no file.
func (f *File) Print(w io.Writer, parsed *kong.Context, secrets []string) error {
	mapping := &yaml.Node{Kind: yaml.MappingNode, HeadComment: "akin " + parsed.Command()}
	flags := slices.DeleteFunc(parsed.Flags(), func(flag *kong.Flag) bool { return ofCommandLine[flag.Name] })
	slices.SortStableFunc(flags, func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) })
	for _, flag := range flags {
		value, err := nodeOf(flag.Target)
		if err != nil {
			return fmt.Errorf("print the setting %s: %w", flag.Name, err)
		}
		value.LineComment = f.origin(parsed, flag)
		mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: flag.Name}, value)
	}
	for _, name := range secrets {
		state := "not set"
		if os.Getenv(name) != "" {
			state = "set, and not shown"
		}
		mapping.FootComment += fmt.Sprintf("%s: %s\n", name, state)
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(mapping); err != nil {
		return err
	}
	return encoder.Close()
}

// origin is where the value of a flag comes from.
func (f *File) origin(parsed *kong.Context, flag *kong.Flag) string {
	given := slices.ContainsFunc(parsed.Path, func(p *kong.Path) bool { return p.Flag == flag && !p.Resolved })
	switch {
	case given:
		return "flag"
	case variable(flag) != "":
		return variable(flag)
	case f != nil && f.used[flag.Value] != "":
		return f.used[flag.Value]
	}
	return "default"
}

// nodeOf writes a value as a file would have it; null where nothing is set.
func nodeOf(v reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	if v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.String && v.Len() == 0 {
		return node, nil
	}
	switch value := v.Interface().(type) {
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return node, cmp.Or(err, node.Encode(string(text)))
	case fmt.Stringer: // a duration
		return node, node.Encode(value.String())
	case string:
		return node, node.Encode(redacted(value))
	}
	if v.Kind() != reflect.Slice {
		return node, node.Encode(v.Interface())
	}
	if v.Len() == 0 {
		return node, nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range v.Len() {
		item, err := nodeOf(v.Index(i))
		if err != nil {
			return nil, err
		}
		list.Content = append(list.Content, item)
	}
	return list, nil
}

// redacted is a text without the password of a URL, if it is one.
func redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	return u.Redacted()
}

func newValue(t reflect.Type) reflect.Value { return reflect.New(t).Elem() }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
