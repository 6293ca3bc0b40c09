package git

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Remote is a repository as git reaches it, with the token that opens it.
type Remote struct {
	URL   string // https://host/owner/name.git, ssh, git@host:path, file://, or an absolute folder
	Token string // sent as basic authorization to URL's host only; "" leaves it to git's own configuration

	CAFile string // certificates (PEM) that the host is trusted by, in place of the system's; "" is the system's
}

// Folder is the path of a remote that is a plain folder on this machine, and ""
// for every other one, file:// among them.
func (r Remote) Folder() string {
	if strings.Contains(r.URL, "://") || scpLike.MatchString(r.URL) {
		return ""
	}
	return r.URL
}

// String is the URL without credentials, for people.
func (r Remote) String() string { return redactURLs(r.URL) }

// TakesToken reports whether a token opens the remote: one that is reached by ssh, or
// is a folder, has other keys.
func (r Remote) TakesToken() bool {
	return strings.HasPrefix(r.URL, "https://") || strings.HasPrefix(r.URL, "http://")
}

// Secrets are the forms in which the token could be seen: itself and its
// encoding in the header. They are masked before the first use.
func (r Remote) Secrets() []string {
	if r.Token == "" {
		return nil
	}
	return []string{r.Token, basic(r.Token)}
}

// basic is the token as basic authorization; GitHub takes any user name.
func basic(token string) string {
	return base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
}

// settings give git the token as a header for this URL alone.
func (r Remote) settings() []Setting {
	if r.Token == "" || !r.TakesToken() {
		return nil
	}
	// git takes the most specific key that matches: the whole URL outdoes what
	// the user's configuration holds for the host, such as the header that
	// actions/checkout leaves behind. The empty values drop what came before, so
	// that a refused token is not quietly replaced by another identity.
	key := "http." + r.URL + ".extraheader"
	return []Setting{
		{"credential.helper", ""},
		{key, ""},
		{key, "AUTHORIZATION: basic " + basic(r.Token)},
	}
}

// env is what git takes from the environment alone, or from there first.
func (r Remote) env() []string {
	if r.CAFile == "" {
		return nil
	}
	return []string{"GIT_SSL_CAINFO=" + r.CAFile}
}

// tokenName is a user name that is a secret by itself: https://ghp_…@host.
var tokenName = pattern.New(`^(gh[a-z]_|github_pat_|glpat-|ATBB|ATCTT)`)

// check refuses a URL that holds credentials: it would show them in the process
// list, in messages and in git's own configuration.
func (r Remote) check() error {
	scheme, rest, ok := strings.Cut(r.URL, "://")
	if !ok {
		return nil
	}
	// A password may hold any character, a slash or a # that was not encoded
	// among them, so the text is looked at and not only what a parser finds.
	authority, _, _ := strings.Cut(rest, "/")
	user, _, hasUser := strings.Cut(authority, "@")
	name, _, hasPassword := strings.Cut(user, ":")
	u, err := url.Parse(r.URL)
	unclear := err != nil && strings.Contains(rest, "@")
	if unclear || hasUser && (hasPassword || tokenName.MatchString(name) || name == "x-access-token") {
		clean := scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
		return fault.Newf("E_GIT_URL_SECRET", "write "+clean+" and give the token by itself, as `infra-token` or `source-token`", "the URL %s holds credentials", redactURLs(r.URL))
	}
	if err != nil || u.Host == "" && u.Scheme != "file" {
		return fault.Newf("E_GIT_URL", "write it as https://host/owner/name.git", "%q is no URL", redactURLs(r.URL))
	}
	return nil
}

var userinfo = pattern.New(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s'"]*@`)

// redactURLs hides the user and password of every URL in a text.
func redactURLs(text string) string { return userinfo.ReplaceAllString(text, "${1}***@") }

// redact hides what must not be read in a text that git wrote.
func (r *Remote) redact(text string) string {
	if r != nil {
		for _, secret := range r.Secrets() {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return redactURLs(text)
}
