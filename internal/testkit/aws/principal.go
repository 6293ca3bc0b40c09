package aws

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// principal is who signs: a user, or the session of a role.
type principal struct {
	Keys
	arn, account, partition string
	denied                  []string  // actions, such as ecr:CreateRepository
	ends                    time.Time // zero of users
	expired                 bool
}

// Keys are credentials of AWS.
type Keys struct{ ID, Secret, SessionToken string }

// Role can be assumed.
type Role struct {
	ARN         string        // its account is that of its sessions
	Subjects    []string      // of OIDC tokens that may; a star is any text
	Audiences   []string      // of these tokens; nil is sts.amazonaws.com
	Users       []string      // access keys that may
	MaxDuration time.Duration // 0 is an hour
	Denied      []string      // actions that its sessions may not do
}

// User makes keys of a user of Account, in the partition aws.
func (a *AWS) User(name string, denied ...string) Keys {
	return a.UserIn("aws", Account, name, denied...)
}

// UserIn makes keys of a user of any partition and account.
func (a *AWS) UserIn(partition, account, name string, denied ...string) Keys {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.enter(&principal{
		Keys: Keys{ID: "AKIA" + rand.Text()[:16], Secret: rand.Text() + rand.Text()[:14]},
		arn:  fmt.Sprintf("arn:%s:iam::%s:user/%s", partition, account, name), account: account, partition: partition, denied: denied,
	})
}

// Add makes a role that can be assumed.
func (a *AWS) Add(r Role) {
	if strings.Count(r.ARN, ":") != 5 {
		a.tb.Fatalf("%q is no ARN of a role", r.ARN)
	}
	if r.Audiences == nil {
		r.Audiences = []string{"sts.amazonaws.com"}
	}
	if r.MaxDuration == 0 {
		r.MaxDuration = time.Hour
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.roles[r.ARN] = r
}

// Provider makes an issuer of OIDC tokens known, with the audiences that it may have;
// none makes the issuer unknown.
func (a *AWS) Provider(issuer string, audiences ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.providers[issuer] = audiences
}

// EndSessions ends all sessions of roles, whenever they were to end.
func (a *AWS) EndSessions() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.principals {
		p.expired = p.expired || !p.ends.IsZero()
	}
}

// EndKeys ends credentials of a user, as those of SSO end.
func (a *AWS) EndKeys(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.principals[id].expired = true
}

func (a *AWS) enter(p *principal) Keys {
	a.principals[p.ID] = p
	return p.Keys
}

// session makes credentials of a role.
func (a *AWS) session(r Role, name string, lasts time.Duration) *principal {
	part := strings.Split(r.ARN, ":")
	p := &principal{
		Keys:    Keys{ID: "ASIA" + rand.Text()[:16], Secret: rand.Text() + rand.Text()[:14], SessionToken: "IQoJb3JpZ2luX2Vj" + rand.Text() + rand.Text()},
		arn:     fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", part[1], part[4], r.ARN[strings.LastIndex(r.ARN, "/")+1:], name),
		account: part[4], partition: part[1], denied: r.Denied, ends: a.clock().Add(lasts).Truncate(time.Second),
	}
	a.enter(p)
	return p
}

func (p *principal) ended(now time.Time) bool {
	return p.expired || !p.ends.IsZero() && !now.Before(p.ends)
}

func (p *principal) may(action string) bool { return !slices.Contains(p.denied, action) }

// partitionOf is the partition of a region.
func partitionOf(region string) string {
	for _, p := range []struct{ begin, name string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"}, {"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
	} {
		if strings.HasPrefix(region, p.begin) {
			return p.name
		}
	}
	return "aws"
}

// Sessions are the keys of all sessions that began: no log may have them.
func (a *AWS) Sessions() (all []Keys) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.principals {
		if p.SessionToken != "" {
			all = append(all, p.Keys)
		}
	}
	return all
}
