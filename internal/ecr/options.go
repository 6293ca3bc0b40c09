package ecr

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

var (
	roleARN     = pattern.New(`^arn:(aws[a-z-]*):iam::(\d{12}):role/([\w+=,.@/-]+)$`)
	sessionName = pattern.New(`^[\w+=,.@-]{2,64}$`)
)

// Limits of a role's session, see AssumeRoleWithWebIdentity in the STS API.
const (
	shortest = 15 * time.Minute
	longest  = 12 * time.Hour
)

func (o Options) complete() Options {
	o.Audience = cmp.Or(o.Audience, "sts.amazonaws.com")
	o.Duration = cmp.Or(o.Duration, time.Hour)
	o.InstanceWait = cmp.Or(o.InstanceWait, time.Second)
	o.Tries = cmp.Or(o.Tries, 6)
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	return o
}

// backoff is half a second, doubled with each try up to eight, of which up to a
// quarter is taken away by chance so that jobs that failed together part.
func backoff(try int) time.Duration {
	wait := 500 * time.Millisecond << max(0, min(try-1, 4))
	return wait - rand.N(wait/4)
}

// Check reports every mistake in the options, as faults with the code E_AWS_ROLE,
// before anything is asked.
func (o Options) Check() error {
	var all []error
	bad := func(hint, format string, args ...any) {
		all = append(all, fault.Newf("E_AWS_ROLE", hint, format, args...))
	}
	if o.Role != "" && !roleARN.MatchString(o.Role) {
		bad("give the role's whole ARN, such as arn:aws:iam::111122223333:role/ci; `aws iam get-role --role-name NAME --query Role.Arn` tells it",
			"%q is no ARN of a role", o.Role)
	}
	if o.SessionName != "" && !sessionName.MatchString(o.SessionName) {
		bad("use 2 to 64 of letters, digits and _+=,.@-, or leave the session name out", "%q is no name of a role session", o.SessionName)
	}
	if d := o.Duration; d != 0 && (d < shortest || d > longest || d%time.Second != 0) {
		bad("use whole seconds from 900 (15 minutes) to 43200 (12 hours), no longer than the role allows", "a role session cannot last %v", d)
	}
	return errors.Join(all...)
}

// suits reports why these options cannot be used with a registry.
func (o Options) suits(r Registry) error {
	if err := o.Check(); err != nil || o.Role == "" {
		return err
	}
	if at := roleARN.FindStringSubmatch(o.Role)[1]; at != r.Partition {
		return fault.Newf("E_AWS_ROLE", "use a role of the partition "+r.Partition+" (its ARN begins with arn:"+r.Partition+":), in a step or job of its own for this registry",
			"%s: the role %s is in the partition %s, and this registry in %s: none knows the other", r.Host, o.Role, at, r.Partition)
	}
	return nil
}

// roleName is the last part of the role's ARN: what the aws command wants.
func (o Options) roleName() string {
	return o.Role[strings.LastIndex(o.Role, "/")+1:]
}
