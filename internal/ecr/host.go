package ecr

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Registry is what the host of a registry tells about it.
type Registry struct {
	Host      string // as it was given
	Account   string // 12 digits; "" in the public registry
	Region    string // where its interface is asked
	Partition string // of AWS, as ARNs name it: aws, aws-cn, aws-us-gov, …
	Public    bool   // public.ecr.aws, or by its other name ecr-public.aws.com
	FIPS      bool   // its interface is asked at hosts validated by FIPS 140
	DualStack bool   // its interface is asked at hosts that have IPv6 too
}

// The public registry has one interface for the whole world, in one region, and two
// names: the second one has IPv6, too.
const (
	publicHost      = "public.ecr.aws"
	publicDualStack = "ecr-public.aws.com"
	publicRegion    = "us-east-1"
)

// host is the pattern of amazon-ecr-credential-helper v0.12.
var host = pattern.New(`^(\d{12})\.dkr[.\-]ecr(-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// ParseHost reads the host of an image's name, such as
// 111122223333.dkr.ecr.eu-west-1.amazonaws.com; false means that it is none of ECR.
func ParseHost(name string) (Registry, bool) {
	if name == publicHost || name == publicDualStack {
		return Registry{Host: name, Region: publicRegion, Partition: "aws", Public: true, DualStack: name == publicDualStack}, true
	}
	m := host.FindStringSubmatch(name)
	if m == nil {
		return Registry{}, false
	}
	return Registry{
		Host: name, Account: m[1], Region: m[3], FIPS: m[2] != "",
		Partition: partition(m[3], m[4]), DualStack: strings.HasPrefix(m[4], "on."),
	}, true
}

// HostIn is the host of a registry in a region, of no account at all: a token is good
// for all registries of its region. It is no host of ECR where the region is none.
func HostIn(region string) string {
	suffix := "amazonaws.com"
	for _, p := range partitions {
		if p.suffix != "" && p.region != "" && strings.HasPrefix(region, p.region) {
			suffix = p.suffix
		}
	}
	return "000000000000.dkr.ecr." + region + "." + suffix
}

// partitions are told by the end of a host or, where several share that, by the
// beginning of the region.
var partitions = []struct{ suffix, region, name string }{
	{suffix: "amazonaws.com.cn", region: "cn-", name: "aws-cn"},
	{suffix: "on.amazonwebservices.com.cn", name: "aws-cn"},
	{suffix: "amazonaws.eu", region: "eusc-", name: "aws-eusc"},
	{suffix: "c2s.ic.gov", region: "us-iso-", name: "aws-iso"},
	{suffix: "sc2s.sgov.gov", region: "us-isob-", name: "aws-iso-b"},
	{suffix: "cloud.adc-e.uk", region: "eu-isoe-", name: "aws-iso-e"},
	{suffix: "csp.hci.ic.gov", region: "us-isof-", name: "aws-iso-f"},
	{region: "us-gov-", name: "aws-us-gov"},
	{region: "eusc-", name: "aws-eusc"},
}

func partition(region, suffix string) string {
	for _, p := range partitions {
		if p.suffix == suffix || p.suffix == "" && strings.HasPrefix(region, p.region) {
			return p.name
		}
	}
	return "aws"
}
