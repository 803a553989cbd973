module dragonfork/core-client

go 1.18

require github.com/datarhei/core-client-go/v16 v16.11.0

require github.com/Masterminds/semver/v3 v3.1.1 // indirect
