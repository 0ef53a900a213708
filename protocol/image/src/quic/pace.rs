//! When the models learn: at intervals that are random, but the same on both sides, and that grow with the
//! image.

/// Pixels after which intervals grow.
const STEP: usize = 2048;
/// The number of times that they do.
const LAST_STEP: usize = 6;

/// By the number of times that intervals have grown, the length that a model's best code may have added
/// up to before its counters are halved.
const TRIGGERS: [u32; LAST_STEP + 1] = [110, 550, 900, 800, 550, 400, 350];

/// The state of learning of the channels of an image that are coded together.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Pixels until the next one that is learnt from.
    pub(super) wait: usize,
    /// Where the next random number stands.
    place: u8,
    /// How often intervals have grown.
    step: usize,
    /// Pixels until they grow again.
    until_step: usize,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self { wait: 0, place: u8::MAX, step: 0, until_step: STEP }
    }

    /// The length of the next interval, in pixels.
    pub(super) fn interval(&mut self) -> usize {
        self.place = self.place.wrapping_add(1);
        let random = RANDOM[usize::from(self.place)];
        // At most 6 bits.
        (random & ((1 << self.step) - 1)) as usize
    }

    /// What counters may add up to.
    pub(super) fn trigger(&self) -> u32 {
        TRIGGERS[self.step]
    }

    /// Calls `segment` with the pieces of a row of `width` pixels in which intervals do not grow.
    pub(super) fn each_segment<E>(
        &mut self,
        width: usize,
        mut segment: impl FnMut(&mut Self, usize, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut from = 0;
        while self.step < LAST_STEP && self.until_step <= width - from {
            if self.until_step > 0 {
                let end = from + self.until_step;
                segment(self, from, end)?;
                from = end;
            }
            self.step += 1;
            self.until_step = STEP;
        }
        if from < width {
            segment(self, from, width)?;
            if self.step < LAST_STEP {
                self.until_step -= width - from;
            }
        }
        Ok(())
    }
}

/// The format's random numbers.
#[rustfmt::skip]
const RANDOM: [u32; 256] = [
    0x02c5_7542, 0x3542_7717, 0x2f5a_2153, 0x9244_f155, 0x7bd2_6d07, 0x354c_6052, 0x5732_9b28, 0x2993_868e,
    0x6cd8_808c, 0x147b_46e0, 0x99db_66af, 0xe32b_4cac, 0x1b67_1264, 0x9d43_3486, 0x62a4_c192, 0x0608_9a4b,
    0x9e3d_ce44, 0xdaab_ee13, 0x2224_25ea, 0xa46f_331d, 0xcd58_9250, 0x8bb8_1d7f, 0xc8b7_36b9, 0x3594_8d33,
    0xd7ac_7fd0, 0x5fbe_2803, 0x2cfb_c105, 0x013d_bc4e, 0x7a37_820f, 0x39f8_8e9e, 0xedd5_8794, 0xc507_6689,
    0xfcad_a5a4, 0x64c2_f46d, 0xb3ba_3243, 0x8974_b4f9, 0x5a05_aebd, 0x20af_cd00, 0x39e2_b008, 0x88a1_8a45,
    0x600b_de29, 0xf397_1ace, 0xf37b_0a6b, 0x7041_495b, 0x70b7_07ab, 0x06be_ffbb, 0x4206_051f, 0xe13c_4ee3,
    0xc1a7_8327, 0x91aa_067c, 0x8295_f72a, 0x7329_17a6, 0x1d87_1b4d, 0x4048_f136, 0xf184_0e7e, 0x6a60_48c1,
    0x696c_b71a, 0x7ff5_01c3, 0x0fc6_310b, 0x57e0_f83d, 0x8cc2_6e74, 0x11a5_25a2, 0x9469_34c7, 0x7cd8_88f0,
    0x8f9d_8604, 0x4f86_e73b, 0x0452_0316, 0xdeee_a20c, 0xf1de_f496, 0x6768_7288, 0xf540_c5b2, 0x2240_1484,
    0x3478_658a, 0xc238_5746, 0x0197_9c2c, 0x5dad_73c8, 0x0321_f58b, 0xf0fe_dbee, 0x9282_6ddf, 0x284b_ec73,
    0x5b1a_1975, 0x03df_1e11, 0x2096_3e01, 0xa17c_f12b, 0x740d_776e, 0xa7a6_bf3c, 0x01b5_cce4, 0x1118_aa76,
    0xfc6f_ac0a, 0xce92_7e9b, 0x00bf_2567, 0x806f_216c, 0xbca6_9056, 0x795b_d3e9, 0xc9dc_4557, 0x8929_b6c2,
    0x789d_52ec, 0x3f3f_bf40, 0xb919_7368, 0xa38c_15b5, 0xc3b4_4fa8, 0xca83_33b0, 0xb7e8_d590, 0xbe80_7feb,
    0xbf5f_8360, 0xd99e_2f5c, 0x3729_28e1, 0x7c75_7c4c, 0x0db5_b154, 0xc01e_de02, 0x1fc8_6e78, 0x1f39_85be,
    0xb480_5c77, 0x00c8_80fa, 0x974c_1b12, 0x35ab_0214, 0xb2dc_840d, 0x5b00_ae37, 0xd313_b026, 0xb260_969d,
    0x7f4c_8879, 0x1734_c4d3, 0x4906_8631, 0xb9f6_a021, 0x6b86_3e6f, 0xcee5_debf, 0x29f8_c9fb, 0x53dd_6880,
    0x72b6_1223, 0x1f67_a9fd, 0x0a0f_6993, 0x13e5_9119, 0x11cc_a12e, 0xfe6b_6766, 0x16b6_effc, 0x9791_8fc4,
    0xc2b8_a563, 0x94f2_f741, 0x0bfa_8c9a, 0xd153_7ae8, 0xc1da_349c, 0x873c_60ca, 0x9500_5b85, 0x9b5c_080e,
    0xbc8a_bbd9, 0xe1ea_b1d2, 0x6dac_9070, 0x4ea9_ebf1, 0xe0cf_30d4, 0x1ef5_bd7b, 0xd161_043e, 0x5d2f_a2e2,
    0xff5d_3cae, 0x86ed_9f87, 0x2aa1_daa1, 0xbd73_1a34, 0x9e8f_4b22, 0xb1c2_c67a, 0xc217_58c9, 0xa182_215d,
    0xccb0_1948, 0x8d16_8df7, 0x0423_8cfe, 0x368c_3dbc, 0x0aea_dca5, 0xbad2_1c24, 0x0a71_fee5, 0x9fc5_d872,
    0x54c1_52c6, 0xfc32_9483, 0x6783_384a, 0xeddb_3e1c, 0x65f9_0e30, 0x884a_d098, 0xce81_675a, 0x4b37_2f7d,
    0x68bf_9a39, 0x4344_5f1e, 0x40f8_d8cb, 0x90d5_acb6, 0x4cd0_7282, 0x349e_eb06, 0x0c9d_5332, 0x520b_24ef,
    0x8002_0447, 0x6797_6491, 0x2f93_1ca3, 0xfe9b_0535, 0xfcd3_0220, 0x61a9_e6cc, 0xa487_d8d7, 0x3f7c_5dd1,
    0x7d01_27c5, 0x48f5_1d15, 0x60de_a871, 0xc9a9_1cb7, 0x58b5_3bb3, 0x9d5e_0b2d, 0x624a_78b4, 0x30db_ee1b,
    0x9bdf_22e7, 0x1df5_c299, 0x2d56_43a7, 0xf4dd_35ff, 0x03ca_8fd6, 0x53b4_7ed8, 0x6f2c_19aa, 0xfeb0_c1f4,
    0x49e5_4438, 0x2f25_77e6, 0xbf87_6969, 0x7244_0ea9, 0xfa0b_afb8, 0x74f5_b3a0, 0x7dd3_57cd, 0x89ce_1358,
    0x6ef2_cdda, 0x1e77_67f3, 0xa6be_9fdb, 0x4f5f_88f8, 0xba99_4a3a, 0x08ca_6b65, 0xe089_3818, 0x9e00_a16a,
    0xf42b_fc8f, 0x9972_eedc, 0x749c_8b51, 0x32c0_5f5e, 0xd706_805f, 0x6bfb_b7cf, 0xd921_0a10, 0x31a1_db97,
    0x923a_9559, 0x37a7_a1f6, 0x059f_8861, 0xca49_3e62, 0x6515_7e81, 0x8f64_67dd, 0xab85_ff9f, 0x9331_aff2,
    0x8616_b9f5, 0xedbd_5695, 0xee7e_29b1, 0x313a_c44f, 0xb903_112f, 0x432e_f649, 0xdc0a_36c0, 0x61cf_2bba,
    0x8147_4925, 0xa8b6_c7ad, 0xee59_31de, 0xb2f8_158d, 0x59fb_7409, 0x2e3d_faed, 0x9af2_5a3f, 0xe1fe_d4d5,
];
