package version

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
)

// listed is a ref as git's server lists it: what it names, and of an annotated tag
// the object that it was put on.
type listed struct{ id, peeled string }

// commit is the object that a ref leads to in the end.
func (l listed) commit() string {
	if l.peeled != "" {
		return l.peeled
	}
	return l.id
}

// lister asks a git server for refs by protocol v2, in one request, however many
// there are: git itself asks what the server can do first. That GitHub answers a
// request that nothing went before is assumed, since the protocol has no state over
// HTTP, and was not tried there; a server that does not is left to git.
type lister struct {
	remote git.Remote
	client *http.Client
}

func newLister(remote git.Remote, roots *x509.CertPool) *lister {
	return &lister{remote: remote, client: &http.Client{
		Timeout: 2 * time.Minute, // git is there, too
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, ResponseHeaderTimeout: 30 * time.Second,
			DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, TLSHandshakeTimeout: 10 * time.Second, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

const (
	uploadRequest = "application/x-git-upload-pack-request"
	uploadResult  = "application/x-git-upload-pack-result"
)

// list gives all refs whose names begin with one of these.
func (l *lister) list(ctx context.Context, prefixes ...string) (map[string]listed, error) {
	address := strings.TrimSuffix(l.remote.URL, "/") + "/git-upload-pack"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(lsRefs(prefixes)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Git-Protocol", "version=2")
	req.Header.Set("Content-Type", uploadRequest)
	req.Header.Set("Accept", uploadResult)
	req.Header.Set("User-Agent", "git/tagboat") // GitHub tells git from browsers by it
	if l.remote.Token != "" {
		req.SetBasicAuth("x-access-token", l.remote.Token)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("refs of %s: %w", l.remote, err)
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != uploadResult {
		return nil, fmt.Errorf("refs of %s: the answer is %s, of type %q", l.remote, resp.Status, kind)
	}
	refs, err := readRefs(bufio.NewReaderSize(resp.Body, 64<<10), prefixes)
	if err != nil {
		return nil, fmt.Errorf("refs of %s: %w", l.remote, err)
	}
	return refs, nil
}

// lsRefs is the command ls-refs.
func lsRefs(prefixes []string) string {
	var b strings.Builder
	b.WriteString(pktString("command=ls-refs\n") + "0001" + pktString("peel\n"))
	for _, prefix := range prefixes {
		b.WriteString(pktString("ref-prefix " + prefix + "\n"))
	}
	b.WriteString("0000")
	return b.String()
}

// readRefs reads the answer to ls-refs. A server may list more than it was asked for.
func readRefs(r io.Reader, prefixes []string) (map[string]listed, error) {
	refs := map[string]listed{}
	for {
		kind, line, err := readPkt(r)
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case kind == pktFlush:
			return refs, nil
		case kind != pktLine:
			return nil, errPkt
		}
		name, ref, err := parseListed(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		if begins(name, prefixes) {
			refs[name] = ref
		}
	}
}

// parseListed reads one ref: its id, its name and its attributes.
func parseListed(line string) (name string, ref listed, err error) {
	words := strings.Split(line, " ")
	if len(words) < 2 || !commitForm.MatchString(words[0]) {
		return "", ref, errPkt // also where it is the server's own words, ERR …
	}
	ref.id = words[0]
	for _, attribute := range words[2:] {
		if id, ok := strings.CutPrefix(attribute, "peeled:"); ok && commitForm.MatchString(id) {
			ref.peeled = id
		}
	}
	return words[1], ref, nil
}

// begins reports whether a name begins with one of these.
func begins(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
