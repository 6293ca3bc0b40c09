// Package github is the client of one GitHub: github.com, a GHES or a ghe.com
// host. It owns the token and where it may go, the rate limits, what is tried
// again, and what GitHub's answers mean; REST goes through go-github, GraphQL
// through Query and Mutate. It never decides what to write.
package github

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v62/github"
	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Where github.com answers; other hosts say so in GITHUB_API_URL and
// GITHUB_GRAPHQL_URL, of which neither follows from the other.
const (
	defaultAPI     = "https://api.github.com"
	defaultGraphQL = "https://api.github.com/graphql"
)

// Options says which GitHub is spoken to, as whom, and how patiently.
type Options struct {
	API       string             // GITHUB_API_URL, such as https://HOST/api/v3; "": that of github.com
	GraphQL   string             // GITHUB_GRAPHQL_URL; "": that of github.com
	Token     oauth2.TokenSource // who asks; required
	Transport http.RoundTripper  // what requests go through; nil: one like http.DefaultTransport that trusts Roots
	Roots     *x509.CertPool     // nil: the system's
	Log       io.Writer          // told about waits and retries, a line each; nil discards
	Now       func() time.Time   // nil: time.Now
	Sleep     func(context.Context, time.Duration) error
	Silence   time.Duration // how long nothing may come or go before a try is given up; 0: 30 s
}

// Client speaks to one GitHub. It may be used by several goroutines.
type Client struct {
	graphql   string
	http      *http.Client
	rest      *gogithub.Client
	transport *transport
}

// Stats counts what was sent, every try of it.
type Stats struct {
	Requests int // HTTP requests
	Writes   int // those of them that may change something: POST, PATCH, PUT, DELETE of REST, and mutations
}

// New is a client; it sends nothing yet.
func New(o Options) (*Client, error) {
	if o.Token == nil {
		return nil, fault.New("E_GITHUB_AUTH", "give a token, or a GitHub App", &Error{Kind: Unauthorized, Message: "there is no token for GitHub"})
	}
	api, err := address("the API", o.API, defaultAPI)
	if err != nil {
		return nil, err
	}
	graphql, err := address("GraphQL", o.GraphQL, defaultGraphQL)
	if err != nil {
		return nil, err
	}
	t := newTransport(o, newWire(o, api, graphql))
	client := &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	rest := gogithub.NewClient(client)
	rest.UserAgent = userAgent
	base := *api
	base.Path += "/"
	rest.BaseURL, rest.UploadURL = &base, &base
	return &Client{graphql: graphql.String(), http: client, rest: rest, transport: t}, nil
}

// address reads where GitHub is. What cannot be read may hold a secret, so that no
// part of it is said.
func address(of, given, otherwise string) (*url.URL, error) {
	if given == "" {
		given = otherwise
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" {
		e := &Error{Kind: Unreachable, Message: "the address of " + of + " is no https URL of a host and a path"}
		return nil, fault.New("E_GITHUB_UNREACHABLE", hintAddress, e)
	}
	u.Path, u.RawPath, u.Fragment = strings.TrimRight(u.Path, "/"), "", ""
	return u, nil
}

// REST is go-github on the client's own transport: limits are waited for and reads
// tried again below it. Errors of its methods are told apart by Explain.
func (c *Client) REST() *gogithub.Client { return c.rest }

// Stats says what was sent so far.
func (c *Client) Stats() Stats {
	return Stats{Requests: int(c.transport.wire.requests.Load()), Writes: int(c.transport.wire.writes.Load())}
}

// trusting is what requests go through where nothing is given.
func trusting(roots *x509.CertPool) http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	t = t.Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t
}
