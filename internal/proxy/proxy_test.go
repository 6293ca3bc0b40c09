package proxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/proxy"
)

func TestHint(t *testing.T) {
	for name, test := range map[string]struct {
		status  int // 0: nothing listens
		want    string
		refuses bool
	}{
		"a login is wanted":   {http.StatusProxyAuthRequired, "wants a login", true},
		"the host is blocked": {http.StatusForbidden, "does not allow this host", true},
		"no such host":        {http.StatusBadGateway, "cannot reach this host", false},
		"no proxy there":      {0, "does not answer", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := through(t, test.status, "https://registry.example/v2/")
			if got := proxy.Hint(fmt.Errorf("ping: %w", err)); !strings.Contains(got, test.want) || !strings.Contains(got, "NO_PROXY") {
				t.Errorf("%v: hint %q", err, got)
			}
			if proxy.Refuses(err) != test.refuses {
				t.Errorf("Refuses: %t", !test.refuses)
			}
		})
	}
}

func TestHintOfOthers(t *testing.T) {
	for _, err := range []error{
		nil,
		errors.New("Forbidden"),
		&url.Error{Op: "Get", URL: "https://registry.example/v2/", Err: errors.New("connection reset by peer")},
	} {
		if got := proxy.Hint(err); got != "" || proxy.Refuses(err) {
			t.Errorf("%v: hint %q", err, got)
		}
	}
}

// through asks by a proxy that answers with this status alone.
func through(t *testing.T, status int, address string) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	if status == 0 {
		server.Close()
	}
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(at)}}
	answer, err := client.Get(address)
	if err == nil {
		answer.Body.Close()
		t.Fatal("the proxy let us through")
	}
	return err
}
