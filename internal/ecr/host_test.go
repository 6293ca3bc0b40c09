package ecr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
)

func TestHostsOfEveryPartition(t *testing.T) {
	const account = "111122223333"
	tests := map[string]ecr.Registry{
		account + ".dkr.ecr.eu-west-1.amazonaws.com":                    {Account: account, Region: "eu-west-1", Partition: "aws"},
		account + ".dkr.ecr-fips.us-east-1.amazonaws.com":               {Account: account, Region: "us-east-1", Partition: "aws", FIPS: true},
		account + ".dkr-ecr.eu-west-1.on.aws":                           {Account: account, Region: "eu-west-1", Partition: "aws", DualStack: true},
		account + ".dkr-ecr-fips.us-west-2.on.aws":                      {Account: account, Region: "us-west-2", Partition: "aws", FIPS: true, DualStack: true},
		account + ".dkr.ecr.us-gov-west-1.amazonaws.com":                {Account: account, Region: "us-gov-west-1", Partition: "aws-us-gov"},
		account + ".dkr.ecr-fips.us-gov-east-1.amazonaws.com":           {Account: account, Region: "us-gov-east-1", Partition: "aws-us-gov", FIPS: true},
		account + ".dkr-ecr.us-gov-west-1.on.aws":                       {Account: account, Region: "us-gov-west-1", Partition: "aws-us-gov", DualStack: true},
		account + ".dkr.ecr.cn-north-1.amazonaws.com.cn":                {Account: account, Region: "cn-north-1", Partition: "aws-cn"},
		account + ".dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn": {Account: account, Region: "cn-northwest-1", Partition: "aws-cn", DualStack: true},
		account + ".dkr.ecr.eusc-de-east-1.amazonaws.eu":                {Account: account, Region: "eusc-de-east-1", Partition: "aws-eusc"},
		account + ".dkr.ecr.us-iso-east-1.c2s.ic.gov":                   {Account: account, Region: "us-iso-east-1", Partition: "aws-iso"},
		account + ".dkr.ecr.us-isob-east-1.sc2s.sgov.gov":               {Account: account, Region: "us-isob-east-1", Partition: "aws-iso-b"},
		account + ".dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk":              {Account: account, Region: "eu-isoe-west-1", Partition: "aws-iso-e"},
		account + ".dkr.ecr.us-isof-south-1.csp.hci.ic.gov":             {Account: account, Region: "us-isof-south-1", Partition: "aws-iso-f"},
		"public.ecr.aws":     {Region: "us-east-1", Partition: "aws", Public: true},
		"ecr-public.aws.com": {Region: "us-east-1", Partition: "aws", Public: true, DualStack: true},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			want.Host = name
			got, ok := ecr.ParseHost(name)
			if !ok {
				t.Fatal("is none of ECR")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOtherHostsAreNone(t *testing.T) {
	for _, name := range []string{
		"", "ghcr.io", "docker.io", "127.0.0.1:5000", "localhost",
		"11112222333.dkr.ecr.eu-west-1.amazonaws.com", "1111222233334.dkr.ecr.eu-west-1.amazonaws.com",
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example", "111122223333xdkr.ecr.eu-west-1.amazonaws.com",
		"https://111122223333.dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr.eu-west-1.amazonaws.com:443",
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com/web", "111122223333.dkr.ecr..amazonaws.com", "api.ecr.eu-west-1.amazonaws.com",
		"111122223333.dkr.ecr.eu-west-1.amazonaws.org", "x.public.ecr.aws", "public.ecr.aws.example", "ecr-public.aws", "x.ecr-public.aws.com",
	} {
		if got, ok := ecr.ParseHost(name); ok {
			t.Errorf("%q is %+v", name, got)
		}
	}
}

// A region alone tells the partition, and the end of its hosts.
func TestHostIn(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":       "aws",
		"us-gov-west-1":   "aws-us-gov",
		"cn-north-1":      "aws-cn",
		"eusc-de-east-1":  "aws-eusc",
		"us-iso-east-1":   "aws-iso",
		"us-isob-east-1":  "aws-iso-b",
		"eu-isoe-west-1":  "aws-iso-e",
		"us-isof-south-1": "aws-iso-f",
	} {
		got, ok := ecr.ParseHost(ecr.HostIn(region))
		if !ok || got.Partition != want || got.Region != region {
			t.Errorf("%s: %+v, %t", region, got, ok)
		}
	}
	if got, ok := ecr.ParseHost(ecr.HostIn("")); ok {
		t.Errorf("no region: %+v", got)
	}
}
