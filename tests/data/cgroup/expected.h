/* SPDX-License-Identifier: MIT */
/* Written by tests/data/cgroup/expected.py from the trees beside it: do not edit. */
static const struct tree recorded[] = {
    {"6.1/docker", 2, "/", "/sys/fs/cgroup/memory.pressure",
     {
      {"/", 67108864, 66793472, 40048648, NONE, 33554432, 0, 67108864, 0, 445, 21860352, 43986944, 4194304, 667648, 0, 39784448, 0}}},
    {"6.1/hybrid", 1, "/user.slice/user-1000.slice", "/sys/fs/cgroup/unified/user.slice/user-1000.slice/session-3.scope/memory.pressure",
     {
      {"/user.slice/user-1000.slice", 100663296, 36274176, 9629696, NONE, NONE, 290816, 37064704, 0, 0, 26062848, 9629696, 0, 462848, 0, 9199616, 0},
      {"/user.slice", NONE, 36470784, 9629696, NONE, NONE, 0, 37072896, 0, 0, 26071040, 9629696, 0, 479232, 0, 9199616, 0},
      {"/", NONE, 47362048, 17281024, NONE, NONE, 0, 37072896, 0, 0, 26898432, 20459520, 3178496, 483328, 0, 11644928, 0}}},
    {"6.1/kubernetes-bind", 2, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope", "/sys/fs/cgroup/memory.pressure",
     {
      {"/", 134217728, 38113280, 9205216, NONE, 0, 0, 40235008, 0, 0, 26079232, 11243520, 2097152, 479232, 0, 9146368, 0}}},
    {"6.1/kubernetes-v1", 1, "/kubepods/burstable/pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21/5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8", "",
     {
      {"/", 67108864, 66785280, 39837696, NONE, 0, 208896, 67108864, 0, 0, 21864448, 44032000, 4194304, 671744, 0, 39833600, 0}}},
    {"6.1/kubernetes", 2, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope", "/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope/memory.pressure",
     {
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope", 134217728, 38170624, 9174640, NONE, 0, 0, 40235008, 0, 0, 26075136, 11239424, 2097152, 462848, 0, 9142272, 0},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice", 100663296, 49721344, 12238544, 96468992, NONE, 0, 53534720, 1, 35, 34586624, 14286848, 2097152, 569344, 0, 12189696, 0},
      {"/kubepods.slice/kubepods-burstable.slice", NONE, 49770496, 12238544, NONE, NONE, 0, 53542912, 1, 35, 34586624, 14286848, 2097152, 581632, 0, 12189696, 0},
      {"/kubepods.slice", 1073741824, 49795072, 12247024, NONE, NONE, 0, 53551104, 1, 35, 34590720, 14286848, 2097152, 593920, 0, 12189696, 0}}},
    {"6.1/no-controller", 2, "/system.slice/batch.service", "/sys/fs/cgroup/system.slice/batch.service/memory.pressure",
     {
      {"/system.slice", 209715200, 12075008, 8104, NONE, NONE, 0, 12697600, 0, 0, 11382784, 0, 0, 417792, 0, 0, 0}}},
    {"6.1/slurm-v1", 1, "/slurm/uid_1000/job_4711/step_0/task_0", "/sys/fs/cgroup/unified/memory.pressure",
     {
      {"/slurm/uid_1000/job_4711/step_0/task_0", NONE, 44400640, 9142272, NONE, NONE, 0, 45051904, 0, 0, 32354304, 11239424, 2097152, 475136, 0, 9142272, 0},
      {"/slurm/uid_1000/job_4711/step_0", 117440512, 44253184, 9142272, NONE, 0, 122880, 45060096, 0, 0, 32362496, 11239424, 2097152, 483328, 0, 9142272, 0},
      {"/slurm/uid_1000/job_4711", 100663296, 44253184, 9142272, 100663296, 33554432, 57344, 45068288, 0, 0, 32378880, 11239424, 2097152, 503808, 0, 9142272, 0},
      {"/slurm/uid_1000", NONE, 44404736, 9142272, NONE, NONE, 106496, 45076480, 0, 0, 32374784, 11239424, 2097152, 516096, 0, 9142272, 0},
      {"/slurm", NONE, 44351488, 9142272, NONE, NONE, 253952, 45084672, 0, 0, 32399360, 11239424, 2097152, 540672, 0, 9142272, 0},
      {"/", NONE, 55910400, 17412096, NONE, NONE, 0, 45608960, 0, 0, 33214464, 22691840, 5279744, 573440, 0, 11685888, 0}}},
    {"6.1/slurm", 2, "/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", "/sys/fs/cgroup/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0/memory.pressure",
     {
      {"/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", NONE, 42233856, 9171784, NONE, NONE, 0, 42770432, 0, 0, 32358400, 9142272, 0, 454656, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope/job_4711/step_0/user", NONE, 42127360, 9175976, NONE, NONE, 0, 42778624, 0, 0, 32358400, 9142272, 0, 471040, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope/job_4711/step_0", 117440512, 42266624, 9184528, NONE, NONE, 0, 42786816, 0, 0, 32370688, 9142272, 0, 479232, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope/job_4711", 100663296, 42209280, 9188768, 94371840, 0, 0, 42795008, 0, 0, 32366592, 9142272, 0, 491520, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope", NONE, 42319872, 9193008, NONE, NONE, 0, 42803200, 0, 0, 32382976, 9142272, 0, 503808, 0, 9142272, 0},
      {"/system.slice", NONE, 42401792, 9197296, NONE, NONE, 0, 42811392, 0, 0, 32374784, 9142272, 0, 528384, 0, 9142272, 0}}},
    {"6.1/systemd", 2, "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope", "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope/memory.pressure",
     {
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope", NONE, 1994752, 531536, NONE, NONE, 25264128, 34664448, 0, 0, 790528, 479232, 0, 466944, 0, 36864, 0},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", NONE, 2056192, 535824, 209715200, NONE, 25264128, 34672640, 0, 0, 802816, 479232, 0, 466944, 0, 36864, 0},
      {"/user.slice/user-1000.slice/user@1000.service", NONE, 2179072, 540016, NONE, NONE, 25264128, 34680832, 0, 0, 815104, 479232, 0, 487424, 0, 36864, 0},
      {"/user.slice/user-1000.slice", 314572800, 2265088, 570896, NONE, 67108864, 50528256, 69533696, 0, 0, 827392, 479232, 0, 655360, 0, 36864, 0},
      {"/user.slice", 1073741824, 2076672, 575112, NONE, NONE, 50528256, 69541888, 0, 0, 827392, 479232, 0, 667648, 0, 36864, 0}}},
    {"6.12/docker", 2, "/", "/sys/fs/cgroup/memory.pressure",
     {
      {"/", 67108864, 66777088, 39895384, NONE, 33554432, 0, 67108864, 0, 237, 21876736, 43831296, 4194304, 708608, 0, 39501824, 0}}},
    {"6.12/kubernetes-bind", 2, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope", "/sys/fs/cgroup/memory.pressure",
     {
      {"/", 134217728, 38055936, 9200656, NONE, 0, 0, 38629376, 0, 0, 26079232, 11243520, 2097152, 466944, 0, 9146368, 0}}},
    {"6.12/kubernetes", 2, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope", "/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope/memory.pressure",
     {
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice/cri-containerd-5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8.scope", 134217728, 37851136, 9174392, NONE, 0, 0, 38629376, 0, 0, 26071040, 11239424, 2097152, 446464, 0, 9142272, 0},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice", 100663296, 49532928, 12238208, 96468992, NONE, 0, 53522432, 1, 35, 34578432, 14286848, 2097152, 573440, 0, 12189696, 0},
      {"/kubepods.slice/kubepods-burstable.slice", NONE, 49684480, 12242368, NONE, NONE, 0, 53534720, 1, 35, 34590720, 14286848, 2097152, 589824, 0, 12189696, 0},
      {"/kubepods.slice", 1073741824, 49803264, 12250808, NONE, NONE, 0, 53547008, 1, 35, 34586624, 14286848, 2097152, 614400, 0, 12189696, 0}}},
    {"6.12/no-controller", 2, "/system.slice/batch.service", "/sys/fs/cgroup/system.slice/batch.service/memory.pressure",
     {
      {"/system.slice", 209715200, 12095488, 9040, NONE, NONE, 0, 12660736, 0, 0, 11386880, 0, 0, 413696, 0, 0, 0}}},
    {"6.12/slurm", 2, "/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", "/sys/fs/cgroup/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0/memory.pressure",
     {
      {"/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", NONE, 42393600, 9168528, NONE, NONE, 0, 42954752, 0, 0, 32366592, 9142272, 0, 479232, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope/job_4711/step_0/user", NONE, 42319872, 9181160, NONE, NONE, 0, 42967040, 0, 0, 32366592, 9142272, 0, 495616, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope/job_4711/step_0", 117440512, 42156032, 9185280, NONE, NONE, 0, 42979328, 0, 0, 32374784, 9142272, 0, 520192, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope/job_4711", 100663296, 42336256, 9189520, 94371840, 0, 0, 42991616, 0, 0, 32366592, 9142272, 0, 536576, 0, 9142272, 0},
      {"/system.slice/slurmstepd.scope", NONE, 42455040, 9193720, NONE, NONE, 0, 43003904, 0, 0, 32370688, 9142272, 0, 565248, 0, 9142272, 0},
      {"/system.slice", NONE, 42336256, 9202200, NONE, NONE, 0, 43016192, 0, 0, 32370688, 9142272, 0, 552960, 0, 9142272, 0}}},
    {"6.12/systemd", 2, "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope", "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope/memory.pressure",
     {
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope", NONE, 24489984, 536216, NONE, NONE, 2621440, 34635776, 0, 0, 21868544, 2056192, 1572864, 479232, 0, 98304, 0},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", NONE, 24731648, 540416, 209715200, NONE, 2621440, 34648064, 0, 0, 21880832, 2056192, 1572864, 491520, 0, 98304, 0},
      {"/user.slice/user-1000.slice/user@1000.service", NONE, 24633344, 548904, NONE, NONE, 2621440, 34660352, 0, 0, 21880832, 2056192, 1572864, 512000, 0, 98304, 0},
      {"/user.slice/user-1000.slice", 314572800, 37040128, 575368, NONE, 67108864, 15544320, 69296128, 0, 0, 34226176, 2056192, 1572864, 692224, 0, 98304, 0},
      {"/user.slice", 1073741824, 37380096, 579528, NONE, NONE, 15544320, 69304320, 0, 0, 34226176, 2056192, 1572864, 700416, 0, 98304, 0}}},
    {"6.18/hybrid", 1, "/user.slice/user-1000.slice", "/sys/fs/cgroup/unified/user.slice/user-1000.slice/session-3.scope/memory.pressure",
     {
      {"/user.slice/user-1000.slice", 100663296, 50528256, 23089152, NONE, NONE, 0, 51216384, 0, 0, 26075136, 23089152, 0, 880640, 0, 23089152, 0},
      {"/user.slice", NONE, 50696192, 23089152, NONE, NONE, 0, 51478528, 0, 0, 26079232, 23089152, 0, 942080, 0, 23089152, 0},
      {"/", NONE, 5204787200, 4497293312, NONE, NONE, 909312, 26655485952, 0, 0, 647864320, 4557549568, 9084928, 199094272, 51175424, 1973751808, 26802594}}},
    {"6.18/kubernetes-v1", 1, "/kubepods/burstable/pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21/5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8", "",
     {
      {"/", 67108864, 65024000, 37752832, NONE, 0, 217088, 67108864, 0, 0, 21876736, 41951232, 4194304, 729088, 4096, 37752832, 0}}},
    {"6.18/slurm-v1", 1, "/slurm/uid_1000/job_4711/step_0/task_0", "/sys/fs/cgroup/unified/memory.pressure",
     {
      {"/slurm/uid_1000/job_4711/step_0/task_0", NONE, 59990016, 24117248, NONE, NONE, 0, 60948480, 0, 0, 32374784, 26214400, 2097152, 901120, 0, 24117248, 0},
      {"/slurm/uid_1000/job_4711/step_0", 117440512, 59981824, 24117248, NONE, 0, 0, 61210624, 0, 0, 32378880, 26214400, 2097152, 921600, 0, 24117248, 0},
      {"/slurm/uid_1000/job_4711", 100663296, 59936768, 24117248, 100663296, 33554432, 352256, 61472768, 0, 0, 32387072, 26214400, 2097152, 946176, 0, 24117248, 0},
      {"/slurm/uid_1000", NONE, 60645376, 24117248, NONE, NONE, 0, 61485056, 0, 0, 32378880, 26214400, 2097152, 958464, 0, 24117248, 0},
      {"/slurm", NONE, 60375040, 24117248, NONE, NONE, 0, 61497344, 0, 0, 32395264, 26214400, 2097152, 929792, 0, 24117248, 0},
      {"/", NONE, 5226946560, 4498333696, NONE, NONE, 303104, 26655485952, 0, 0, 666107904, 4560777216, 11182080, 199028736, 51265536, 1974878208, 26802594}}},
};
