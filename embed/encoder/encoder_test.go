package encoder

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/embed/encoder/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNew(t *testing.T) {
	for _, name := range []string{"", "builtin"} {
		e, err := New(t.Context(), Options{Name: name, Builtin: BuiltinOptions{Dimensions: 256}})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Fingerprint(); got != "builtin/3/256" {
			t.Errorf("New(%q) has fingerprint %s", name, got)
		}
	}
	e, err := New(t.Context(), Options{Name: "openai", OpenAI: openai.Options{Model: "small", Dimensions: 8}})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Fingerprint(); got != "openai/2/small/8?tokens=512" {
		t.Errorf("fingerprint %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name, field string
		options     Options
	}{
		{name: "a name that it does not know", field: "embedder", options: Options{Name: "bulitin"}},
		{name: "dimensions that cannot be", field: "dimensions", options: Options{Builtin: BuiltinOptions{Dimensions: 1}}},
		{name: "an address that is none", field: "base_url", options: Options{Name: "openai", OpenAI: openai.Options{BaseURL: "nowhere"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := New(t.Context(), tt.options)
			invalid := (*akin.InvalidError)(nil)
			if !errors.As(err, &invalid) || invalid.Field != tt.field || e != nil {
				t.Fatalf("got %v, error %v, want an error about %s", e, err, tt.field)
			}
		})
	}
	_, err := New(t.Context(), Options{Name: "bulitin"})
	for _, name := range Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}
