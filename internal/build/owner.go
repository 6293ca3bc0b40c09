package build

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	mode "github.com/tonistiigi/dchapes-mode"
)

// owner is a user and a group by number.
type owner struct{ uid, gid int }

// errNoUser is a name that the stage's /etc/passwd or /etc/group does not have.
var errNoUser = errors.New("is not in the image")

// parseOwner reads user[:group] as --chown and USER have it. Names are looked up
// in the files of the stage; root is 0 everywhere. A user without a group: a
// number is the group too, a name has the group of its line in /etc/passwd.
//
// With errNoUser comes what BuildKit takes then: an unknown user is 0:0, an
// unknown group leaves the user's.
func parseOwner(ctx context.Context, s string, in *tree) (*owner, error) {
	user, group, both := strings.Cut(s, ":")
	if user == "" {
		return nil, fmt.Errorf("%q names no user", s)
	}
	o := &owner{}
	var unknown error
	if uid, ok := number(user); ok {
		o.uid, o.gid = uid, uid
	} else {
		var line [2]int
		line, unknown = account(ctx, in, "/etc/passwd", user)
		o.uid, o.gid = line[0], line[1]
	}
	if !both {
		return o, unknown
	}
	if gid, ok := number(group); ok {
		o.gid = gid
		return o, unknown
	}
	line, err := account(ctx, in, "/etc/group", group)
	if err == nil {
		o.gid = line[0]
	}
	return o, errors.Join(unknown, err)
}

func number(s string) (int, bool) {
	if s == "root" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

// account finds name in a file like /etc/passwd and gives the numbers in its
// third and fourth field; the fourth is 0 where it is none.
func account(ctx context.Context, in *tree, file, name string) ([2]int, error) {
	missing := fmt.Errorf("%q %w (%s)", name, errNoUser, file)
	at, err := resolve(in, file)
	if err != nil {
		return [2]int{}, missing
	}
	n, err := in.lookup(at)
	if errors.Is(err, fs.ErrNotExist) || err == nil && n.content == nil {
		return [2]int{}, missing
	}
	if err != nil {
		return [2]int{}, err
	}
	r, err := n.content.open(ctx)
	if err != nil {
		return [2]int{}, err
	}
	defer r.Close()
	const most = 1 << 20
	for lines := bufio.NewScanner(io.LimitReader(r, most)); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if fields[0] != name || len(fields) < 3 {
			continue
		}
		first, ok := number(fields[2])
		if !ok {
			continue
		}
		second := 0
		if len(fields) > 3 {
			second, _ = number(fields[3])
		}
		return [2]int{first, second}, nil
	}
	return [2]int{}, missing
}

// chmod is the value of --chmod: octal, or a change such as u=rwX,go=rX.
type chmod struct {
	octal  bool
	bits   int64
	change mode.Set
}

func parseChmod(s string) (*chmod, error) {
	if bits, err := strconv.ParseUint(s, 8, 32); err == nil {
		if bits > 0o7777 {
			return nil, fmt.Errorf("--chmod=%s is not between 0 and 7777", s)
		}
		return &chmod{octal: true, bits: int64(bits)}, nil
	}
	change, err := mode.ParseWithUmask(s, 0)
	if err != nil {
		return nil, fmt.Errorf("--chmod=%s is neither octal nor a change such as u=rwX,go=rX", s)
	}
	return &chmod{change: change}, nil
}

// apply is the mode that n gets.
func (c *chmod) apply(n *node) int64 {
	if c.octal {
		return c.bits
	}
	old := fs.FileMode(n.mode & 0o777)
	for bit, flag := range special {
		if n.mode&bit != 0 {
			old |= flag
		}
	}
	if n.isFolder() {
		old |= fs.ModeDir
	}
	changed := c.change.Apply(old)
	result := int64(changed.Perm())
	for bit, flag := range special {
		if changed&flag != 0 {
			result |= bit
		}
	}
	return result
}

// special are the bits that tar counts with the permissions and io/fs does not.
var special = map[int64]fs.FileMode{
	0o4000: fs.ModeSetuid,
	0o2000: fs.ModeSetgid,
	0o1000: fs.ModeSticky,
}
