package access_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/akinserver/akin"
	"github.com/akinserver/akin/server/access"
)

func create(t *testing.T, path string, k access.Key) (key, id string) {
	t.Helper()
	key, made, err := access.CreateKey(path, k)
	if err != nil {
		t.Fatal(err)
	}
	return key, made.ID
}

func open(t *testing.T, path string, log *bytes.Buffer) *access.Keys {
	t.Helper()
	keys, err := access.OpenKeys(path, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// eventually waits for what a change of a file brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 5 s: %s does not hold", what)
		}
	}
}

func TestKeyLivesAndDies(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "keys.json")
	var log bytes.Buffer
	keys := open(t, path, &log)
	if keys.Required() {
		t.Fatal("a key is needed though there is no file of keys")
	}
	key, id := create(t, path, access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"https://news.example"}, Rate: 3})
	eventually(t, "a key is needed", keys.Required)
	caller, err := keys.Find(bearer(key))
	if err != nil || caller.Key != id || caller.Scope != access.Read || caller.Corpus != "news" || caller.Rate != 3 {
		t.Fatalf("got %+v, %v", caller, err)
	}
	if !keys.HasOrigin("https://news.example") || keys.HasOrigin("https://other.example") {
		t.Error("the origins are not those of the keys")
	}

	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := key[strings.LastIndexByte(key, '_')+1:]
	if bytes.Contains(b, []byte(secret)) {
		t.Errorf("the file holds the secret: %s", b)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}

	second, err := access.RotateKey(path, id, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	find := func(key string) func() bool {
		return func() bool { _, err := keys.Find(bearer(key)); return err == nil }
	}
	eventually(t, "the new key is good", find(second))
	if !find(key)() {
		t.Error("the key before is not good within its grace")
	}
	third, err := access.RotateKey(path, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the third key is good", find(third))
	for _, gone := range []string{key, second} {
		if find(gone)() {
			t.Error("a key is good though another replaced it without grace")
		}
	}
	if err := access.RevokeKey(path, id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key is refused", func() bool { return !find(third)() })
	if !keys.Required() {
		t.Error("with the last key revoked, none is needed")
	}
	if err := access.RevokeKey(path, id); err == nil {
		t.Error("revoked twice")
	}
	for _, secret := range []string{key, second, third} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds a key: %s", log.String())
		}
	}
}

func TestBrokenFileKeepsWhatWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	key, _ := create(t, path, access.Key{Scope: access.Write, Corpus: "news"})
	var log bytes.Buffer
	keys := open(t, path, &log)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	breakages := []struct {
		name  string
		apply func() error
	}{
		{"half of it", func() error { return os.WriteFile(path, whole[:len(whole)/2], 0o600) }},
		{"a field that nobody knows", func() error {
			return os.WriteFile(path, bytes.Replace(whole, []byte(`"scope"`), []byte(`"scop"`), 1), 0o600)
		}},
		{"a file that everybody may write to", func() error { return errors.Join(os.WriteFile(path, whole, 0o600), os.Chmod(path, 0o666)) }},
		{"gone", func() error { return os.Remove(path) }},
	}
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			log.Reset()
			if err := b.apply(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the log tells", func() bool {
				_, err := keys.Find(bearer(key))
				if err != nil {
					t.Fatalf("the key is refused: %v", err)
				}
				return strings.Contains(log.String(), "stays in force")
			})
			if !keys.Required() {
				t.Error("nobody needs a key any more")
			}
			if b.name != "gone" {
				if _, err := access.OpenKeys(path, slog.Default()); err == nil {
					t.Error("a server starts with it")
				}
			}
		})
	}
}

func TestManyWritersLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	const writers = 8
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if _, _, err := access.CreateKey(path, access.Key{Scope: access.Read, Corpus: fmt.Sprint("corpus-", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	keys, err := access.ListKeys(path)
	if err != nil || len(keys) != writers {
		t.Errorf("%d keys, %v, want %d", len(keys), err, writers)
	}
	left, err := filepath.Glob(path + ".*")
	if err != nil || len(left) != 1 {
		t.Errorf("beside the file lie %v, want the lock alone", left)
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	tests := []struct {
		name  string
		key   access.Key
		field string
	}{
		{"no scope", access.Key{Corpus: "news"}, "scope"},
		{"no corpus", access.Key{Scope: access.Read}, "corpus"},
		{"an admin of one corpus", access.Key{Scope: access.Admin, Corpus: "news"}, "corpus"},
		{"a corpus with a line feed", access.Key{Scope: access.Read, Corpus: "a\nb"}, "corpus"},
		{"a published key that writes", access.Key{Scope: access.Write, Corpus: "news", Origins: []string{"https://news.example"}}, "origins"},
		{"an origin with a path", access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"https://news.example/"}}, "origins[0]"},
		{"any origin", access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"https://news.example", "*"}}, "origins[1]"},
		{"an origin of scripts", access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"null"}}, "origins[0]"},
		{"an origin with its scheme's port", access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"https://news.example:443"}}, "origins[0]"},
		{"an origin with a line feed", access.Key{Scope: access.Read, Corpus: "news", Origins: []string{"https://news.example\r\nX: y"}}, "origins[0]"},
		{"a rate below 0", access.Key{Scope: access.Read, Corpus: "news", Rate: -1}, "rate"},
		{"a note of two lines", access.Key{Scope: access.Read, Corpus: "news", Note: "a\nb"}, "note"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			_, _, err := access.CreateKey(path, tt.key)
			invalid, ok := errors.AsType[*akin.InvalidError](err)
			if !ok || invalid.Field != tt.field {
				t.Errorf("got %v, want the field %s", err, tt.field)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a file was written")
			}
		})
	}
}

func TestKeysThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	key, id := create(t, path, access.Key{Scope: access.Admin})
	keys := open(t, path, &bytes.Buffer{})
	for _, wrong := range []string{"", "akin_", "akin_" + id, "akin_" + id + "_", key + "x", key[:len(key)-1], strings.ToUpper(key), "akin__", "_", id, "akin_\x00_"} {
		if _, err := keys.Find(bearer(wrong)); !errors.Is(err, access.ErrUnauthenticated) || strings.Contains(err.Error(), id) {
			t.Errorf("%q: %v, want ErrUnauthenticated without its id", wrong, err)
		}
	}
	if _, err := keys.Find(bearer(key)); err != nil {
		t.Error(err)
	}
}

func TestAddressOf(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	tests := []struct {
		name, heard, forwarded, want string
	}{
		{"who calls", "192.0.2.1", "", "192.0.2.1"},
		{"who calls, and says to be somebody else", "192.0.2.1", "198.51.100.7", "192.0.2.1"},
		{"who a proxy says it is", "10.0.0.1", "198.51.100.7", "198.51.100.7"},
		{"who a proxy says it is, with a lie before", "10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"through two proxies", "10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"a proxy that says nonsense", "10.0.0.1", "198.51.100.7, evil\r\n", "10.0.0.1"},
		{"a proxy that says nothing", "10.0.0.1", "", "10.0.0.1"},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "", "192.0.2.1"},
		{"within the process, by the gateway", "", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"within the process", "", "", "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var from net.Addr = &net.UnixAddr{Net: "bufconn"}
			if tt.heard != "" {
				from = net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(tt.heard), 4321))
			}
			ctx := peer.NewContext(context.Background(), &peer.Peer{Addr: from})
			md := metadata.MD{}
			if tt.forwarded != "" {
				md.Set(access.MetadataForwarded, tt.forwarded)
			}
			if got := access.AddressOf(ctx, md, trusted).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func bearer(key string) metadata.MD { return metadata.Pairs(access.MetadataKey, "Bearer "+key) }

func TestKeyOf(t *testing.T) {
	for value, want := range map[string]string{
		"Bearer akin_a_b": "akin_a_b", "bearer akin_a_b": "akin_a_b", "URL akin_a_b": "akin_a_b", "Basic akin_a_b": "", "akin_a_b": "", "Bearer": "", "": "",
	} {
		if got, _ := access.KeyOf(metadata.Pairs(access.MetadataKey, value)); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestOnlyReadKeysInURLs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	made := map[access.Scope]string{}
	for _, k := range []access.Key{{Scope: access.Read, Corpus: "news"}, {Scope: access.Write, Corpus: "news"}, {Scope: access.Admin}} {
		made[k.Scope], _ = create(t, path, k)
	}
	keys := open(t, path, &bytes.Buffer{})
	for scope, key := range made {
		_, err := keys.Find(metadata.Pairs(access.MetadataKey, "URL "+key))
		if denied := errors.Is(err, access.ErrDenied); denied != (scope != access.Read) {
			t.Errorf("%s: %v", scope, err)
		}
	}
}
