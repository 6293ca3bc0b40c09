package hub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// commit is a commit object.
type commit struct {
	oid               string
	tree              string
	parents           []string
	author, committer stamp
	signature         string // of PGP; "" is none
	message           string
}

// stamp is who and when.
type stamp struct {
	name, email string
	when        time.Time
}

func (s stamp) String() string {
	return fmt.Sprintf("%s <%s> %d %s", s.name, s.email, s.when.Unix(), s.when.Format("-0700"))
}

// commit reads a commit; false where the id is of none.
func (s *store) commit(oid string) (commit, bool) {
	if known, ok := s.commits.Load(oid); ok {
		return known.(commit), true
	}
	c, ok := s.parse(oid)
	if ok {
		s.commits.Store(oid, c)
	}
	return c, ok
}

func (s *store) parse(oid string) (commit, bool) {
	o, _ := s.get(oid)
	if o.kind != kindCommit {
		return commit{}, false
	}
	c := commit{oid: oid}
	header, message, _ := strings.Cut(string(o.data), "\n\n")
	c.message = message
	inSignature := false
	for line := range strings.Lines(header) {
		line = strings.TrimSuffix(line, "\n")
		if inSignature && strings.HasPrefix(line, " ") {
			c.signature += "\n" + line[1:]
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		inSignature = key == "gpgsig"
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseStamp(value)
		case "committer":
			c.committer = parseStamp(value)
		case "gpgsig":
			c.signature = value
		}
	}
	return c, true
}

func parseStamp(value string) stamp {
	end := strings.LastIndex(value, ">")
	start := strings.Index(value, "<")
	if start < 0 || end < start {
		return stamp{}
	}
	var seconds int64
	var zone string
	fmt.Sscanf(value[end+1:], "%d %s", &seconds, &zone)
	when := time.Unix(seconds, 0).UTC()
	if t, err := time.Parse("-0700", zone); err == nil {
		when = when.In(t.Location())
	}
	return stamp{strings.TrimSpace(value[:start]), value[start+1 : end], when}
}

func (c commit) headed(signature string) string {
	var b strings.Builder
	b.WriteString("tree " + c.tree + "\n")
	for _, p := range c.parents {
		b.WriteString("parent " + p + "\n")
	}
	b.WriteString("author " + c.author.String() + "\ncommitter " + c.committer.String() + "\n")
	if signature != "" {
		b.WriteString("gpgsig " + strings.ReplaceAll(signature, "\n", "\n ") + "\n")
	}
	b.WriteString("\n" + c.message)
	return b.String()
}

// putCommit writes a commit, and signs it where a key is given.
func (s *store) putCommit(c commit, key []byte) string {
	if key != nil {
		c.signature = c.seal(key)
	}
	return s.put(kindCommit, []byte(c.headed(c.signature)))
}

// seal is the signature of this commit under a key. It has the form of PGP's, and
// only whoever has the key can make it, which is all that is asked of one here.
func (c commit) seal(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.headed("")))
	return "-----BEGIN PGP SIGNATURE-----\n\n" + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + "\n-----END PGP SIGNATURE-----"
}

// signed reports whether the commit bears the signature of this key.
func (c commit) signed(key []byte) bool { return c.signature == c.seal(key) }

func (c commit) headline() string {
	headline, _, _ := strings.Cut(c.message, "\n")
	return headline
}

func (c commit) body() string {
	_, body, _ := strings.Cut(c.message, "\n")
	return strings.TrimSpace(body)
}

// peel is the commit of an id of a commit or an annotated tag.
func (s *store) peel(oid string) (commit, bool) {
	for range 10 {
		if c, ok := s.commits.Load(oid); ok {
			return c.(commit), true
		}
		o, _ := s.get(oid)
		if o.kind != kindTag {
			return s.commit(oid)
		}
		line, _, _ := strings.Cut(string(o.data), "\n")
		oid = strings.TrimPrefix(line, "object ")
	}
	return commit{}, false
}

func itoa(n int) string { return strconv.Itoa(n) }
