//go:build browser

package widget_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/akinserver/akin/server/gateway"
)

// TestAPIDocs opens the page that describes the API, under its own policy: it names every operation of the description, with its parameters, and all messages.
func TestAPIDocs(t *testing.T) {
	conn, err := grpc.NewClient("passthrough:///nobody", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	g, err := gateway.New(conn, gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(g)
	defer api.Close()
	answer, err := http.Get(api.URL + "/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	description, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") {
		t.Errorf("the policy is %q", policy)
	}
	var names []string
	for line := range strings.Lines(string(description)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "operationId: "); ok {
			names = append(names, name)
		}
	}
	b := newTab(t, 1280)
	b.open(api.URL + "/docs")
	b.wait("document.querySelectorAll('details').length > 0")
	shown := eval[[]string](b, "[...document.querySelectorAll('summary > span')].map(e => e.textContent)")
	if len(names) < 10 || !slices.Equal(names, shown) {
		t.Errorf("shown are %v, described %v", shown, names)
	}
	related := eval[string](b, "[...document.querySelectorAll('details')].find(e => e.textContent.includes('RelatedToArticle')).textContent")
	for _, want := range []string{"GET", "/v1/corpora/{corpus}/articles/{id}/related", "freshness.halfLifeDays", "BAND_SAME_STORY"} {
		if !strings.Contains(related, want) {
			t.Errorf("RelatedToArticle does not tell of %s:\n%s", want, related)
		}
	}
	if !eval[bool](b, "[...document.querySelectorAll('summary')].some(e => e.textContent === 'v1PutArticlesResponse')") {
		t.Error("a message is missing")
	}
	if rules := eval[int](b, "document.styleSheets[0].cssRules.length"); rules == 0 {
		t.Error("the page has no style")
	}
	if found := b.axe(); len(found) > 0 {
		t.Errorf("axe-core finds %s", strings.Join(found, "\n"))
	}
	b.picture("docs")
}
