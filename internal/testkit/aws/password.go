package aws

import (
	"crypto/rand"
	"strings"
	"time"
)

// password is what a registry is logged in to with, as the user AWS.
type password struct {
	text, account, region string
	public                bool
	ends                  time.Time
	left                  int // uses; -1 is no end
}

// issue makes a password: for 12 hours, but no longer than who asks.
func (a *AWS) issue(q *asked) *password {
	p := &password{
		text: "eyJwYXlsb2FkIjoi" + strings.Repeat(rand.Text(), 80), account: q.principal.account, region: q.Region,
		public: q.Service == "ecr-public", ends: a.clock().Add(12 * time.Hour), left: -1,
	}
	if ends := q.principal.ends; !ends.IsZero() && ends.Before(p.ends) {
		p.ends = ends
	}
	if a.uses > 0 {
		p.left = a.uses
	}
	a.passwords[p.text] = p
	return p
}

// Valid is for registries: it reports whether a password is one that was issued and
// has not ended, and counts that as a use.
func (a *AWS) Valid(text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.valid(a.passwords[text])
}

// ValidIn is Valid for the registries of one region; "public" is the public one.
func (a *AWS) ValidIn(region, text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.passwords[text]
	return p != nil && (p.public && region == "public" || !p.public && region == p.region) && a.valid(p)
}

func (a *AWS) valid(p *password) bool {
	if p == nil || p.left == 0 || !a.clock().Before(p.ends) {
		return false
	}
	if p.left > 0 {
		p.left--
	}
	return true
}

// Expire ends every password that was issued.
func (a *AWS) Expire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.passwords {
		p.left = 0
	}
}

// Uses lets passwords that are issued from now on end after so many; 0 is no end.
func (a *AWS) Uses(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.uses = n
}

// Issued are the passwords that were issued, ended ones too: no log may have them.
func (a *AWS) Issued() (all []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for text := range a.passwords {
		all = append(all, text)
	}
	return all
}
